"""The published schema names the kinds that the checker knows, with their relations, and nothing else."""

from collections.abc import Iterator
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from strategies.samples import samples

from conservative.certificates import schema
from conservative.certificates.checker.blocks import OF_A_BLOCK, UPPER
from conservative.certificates.checker.kinds import KINDS
from conservative.certificates.checker.slowest import LOWER, LOWER_OF_A_BLOCK

SCHEMA = schema()


def rows(subschema: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """What an alternative allows, references followed, with the conditions that stand beside them."""
    for row in subschema["oneOf"]:
        if "$ref" in row:
            for inner in rows(SCHEMA["$defs"][row["$ref"].rsplit("/", 1)[1]]):
                yield {**row, **inner, "properties": {**inner["properties"], **row.get("properties", {})}}
        else:
            yield row


def kinds(subschema: dict[str, Any]) -> list[str]:
    return [row["properties"]["kind"]["const"] for row in rows(subschema)]


def test_the_schema_is_a_schema() -> None:
    Draft202012Validator.check_schema(SCHEMA)


@pytest.mark.parametrize(
    ("subschema", "known"),
    [
        (SCHEMA, KINDS),
        (SCHEMA["$defs"]["upper"], UPPER),
        (SCHEMA["$defs"]["upperOfABlock"], OF_A_BLOCK),
        (SCHEMA["$defs"]["lowerPart"], LOWER),
        (SCHEMA["$defs"]["lowerBlock"], LOWER_OF_A_BLOCK),
    ],
    ids=["documents", "upper", "of a block", "lower", "lower of a block"],
)
def test_each_place_names_the_kinds_that_the_checker_knows_there(
    subschema: dict[str, Any], known: dict[str, Any]
) -> None:
    assert sorted(kinds(subschema)) == sorted(known)


def test_each_kind_may_claim_the_relations_that_the_checker_allows() -> None:
    for row in rows(SCHEMA):
        allowed = row["properties"]["claim"]["properties"]["relation"]["enum"]
        assert sorted(allowed) == sorted(KINDS[row["properties"]["kind"]["const"]].relations)


def test_there_is_a_sample_of_every_kind() -> None:
    assert {certificate.document["kind"] for certificate in samples().values()} == set(KINDS)
