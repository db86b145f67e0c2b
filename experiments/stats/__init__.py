"""Statistics of Quickno: day totals in, probabilities and intervals out.

Pure numpy and scipy: no database, no clock, no global randomness. Arrays have the shape (campaigns, days) or
(campaigns, arms, days), one campaign being the case n = 1, and a mask says which days count. What is not
known is NaN in an array and ``None`` where a single number is returned; bad input is a ``ValueError`` that
names the array and the index. docs/statistics.md describes the methods.
"""
