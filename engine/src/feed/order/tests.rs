//! Orders are permutations, look random, and never change.
