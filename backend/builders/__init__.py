"""Builds the two tasks' files that have to be made from MIMIC-IV: MeDiSumCode and MeDiSumQA."""
