"""Three lines from a trail to a DataFrame."""

import polars
import trailcore as tc

trail = tc.open("examples/data/big/bk")
df = trail.select("BANK.POSTINGS", where="AMOUNT > 1000", lenient=True).to_polars("BANK.POSTINGS")

with polars.Config(tbl_width_chars=120, fmt_str_lengths=30):
    print(df.select("_op", "_position", "_csn", "POSTING_ID", "AMOUNT", "CURRENCY", "POSTED").head(5))
