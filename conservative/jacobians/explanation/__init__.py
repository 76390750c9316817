"""What a program would return at a tie: a function and a point come in, an `Explanation` with the predictions for
each library goes out.
"""
