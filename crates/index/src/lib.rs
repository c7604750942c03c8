//! Derived state: the lexical index of one generation, rebuildable at any time.
