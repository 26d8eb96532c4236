"""How fast it is found what customers say, and how many planted complaints come back.

    python -m bench.customers PREPARED [REVIEWS]

PREPARED is a folder of real reviews; REVIEWS (40,000) are generated for the complaints.
"""

import sys
import tempfile
import time
from pathlib import Path

import pyarrow.csv
import pyarrow.parquet as pq

import reviewdesk as rd
from reviewdesk.explore.customers.customers import read_customers
from reviewdesk.prepare.prepared import PreparedData
from reviewdesk.settings import DemoSettings
from reviewdesk.sources.generated import generate
from reviewdesk.synthetic.complaints import grade_complaints, plant_complaints

SHARES = (0.25, 0.12)


def speed(folder: Path) -> None:
    """Print the CPU seconds of one folder."""
    data = PreparedData.open(folder)
    read_customers(data)  # kernels are compiled
    begun = time.process_time()
    customers = read_customers(data)
    seconds = time.process_time() - begun
    print(f"{data.rows:,} reviews: {seconds:.1f} CPU seconds, {customers.phrases.num_rows:,} lines")


def complaints(reviews: int) -> None:
    """Print what comes back of complaints planted in generated reviews."""
    plain = pyarrow.csv.ParseOptions(delimiter="\t", quote_char=False)
    for seed in range(2):
        with tempfile.TemporaryDirectory() as folder:
            source = Path(folder) / "reviews.tsv"
            generate(source, DemoSettings(reviews=reviews, seed=seed))
            table = pyarrow.csv.read_csv(source, parse_options=plain)
            for share in SHARES:
                planted = plant_complaints(table, share=share, seed=seed)
                pq.write_table(planted.reviews, Path(folder) / "planted.parquet")
                phrases = rd.customers(Path(folder) / "planted.parquet").to_arrow()
                print(seed, share, grade_complaints(planted, phrases))


if __name__ == "__main__":
    speed(Path(sys.argv[1]))
    complaints(int(sys.argv[2]) if len(sys.argv) > 2 else 40_000)
