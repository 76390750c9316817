"""One image 𝒥(𝒳): blocks and a set come in, the image within a stated error goes out."""
