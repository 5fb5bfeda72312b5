"""What the pages around orders, customers, parcels and shops show, read in a fixed number of queries.

It knows people's scopes and nothing of requests; the board's own reading is in `crm.selectors`.
"""
