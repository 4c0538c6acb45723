"""``plantsim simulate``: the closed loop without servers, as fast as the machine goes."""

from __future__ import annotations

import json
from argparse import ArgumentParser, ArgumentTypeError, Namespace
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from plantsim.commands import options, values
from plantsim.commands.plot import Plot
from plantsim.commands.state import start_of
from plantsim.commands.stop import FAILED, Stop
from plantsim.commands.trends import CsvTrends, ParquetTrends, open_trends

if TYPE_CHECKING:
    from plantsim.engine.image import ProcessImage
    from plantsim.engine.simulate import Report
    from plantsim.model.plant import Plant

SUMMARY = "run a plant without servers, as fast as the machine goes, and print its key figures"


def add_arguments(parser: ArgumentParser) -> None:
    options.add_plant(parser)
    parser.add_argument(
        "--for", type=values.duration, dest="duration", default="24h", metavar="DURATION", help="default %(default)s"
    )
    options.add_run(parser)
    group = parser.add_argument_group("results")
    group.add_argument("--json", action="store_true", help="one JSON object instead of the table")
    group.add_argument(
        "--out", type=file_of(".csv", ".parquet"), metavar="FILE", help="every tag's trend, .csv or .parquet"
    )
    group.add_argument("--plot", type=file_of(".png", ".svg"), metavar="FILE", help="the main trends, .png or .svg")
    group.add_argument(
        "--every",
        type=values.duration,
        default="10s",
        metavar="DURATION",
        help="plant time between two samples of --out and --plot (default %(default)s)",
    )


def file_of(*suffixes: str) -> Callable[[str], Path]:
    """A parser of file names that end in one of the suffixes."""

    def parse(text: str) -> Path:
        if Path(text).suffix not in suffixes:
            raise ArgumentTypeError(f"'{text}' has no known suffix; allowed: {' or '.join(suffixes)}")
        return Path(text)

    return parse


def run(args: Namespace) -> int:
    """Simulate, and print the key figures."""
    from plantsim.engine.live import NumericStop
    from plantsim.engine.simulate import EPOCH_2026, simulate
    from plantsim.engine.snapshot import SnapshotError
    from plantsim.model.load import load_plant

    plant = load_plant(args.plant)
    with ExitStack() as files:
        results = open_results(args, plant)
        for result in results:
            files.enter_context(result)

        def sample(image: ProcessImage) -> None:
            for result in results:
                result.add(image)

        try:
            report = simulate(
                plant,
                args.duration,
                seed=args.seed,
                start=start_of(args.state, plant.name, args.start),
                scan_period=args.scan,
                epoch=EPOCH_2026 if args.epoch is None else args.epoch,
                every=args.every,
                sample=sample if results else None,
            )
        except SnapshotError as error:
            raise Stop(str(error)) from None
        except NumericStop as error:
            raise Stop(f"the scan stopped: {error}", FAILED) from None
    print(as_json(report) if args.json else as_table(report))
    return 0


def open_results(args: Namespace, plant: Plant) -> list[CsvTrends | ParquetTrends | Plot]:
    """The files asked for; ``Stop`` before the run where one can not be made."""
    from plantsim.model.tags import build_tags

    if args.out is None and args.plot is None:
        return []
    tags, _ = build_tags(plant)
    results: list[CsvTrends | ParquetTrends | Plot] = []
    if args.out is not None:
        results.append(open_trends(args.out, tags))
    if args.plot is not None:
        results.append(Plot(args.plot, tags, plant.title))
    return results


def as_json(report: Report) -> str:
    """One JSON object; its members are relied on by others."""
    members: dict[str, Any] = {
        "plant": report.plant,
        "seed": report.seed,
        "plant_seconds": report.plant_seconds,
        "wall_seconds": report.wall_seconds,
        "times_real_time": report.times_real_time,
        "throughput_kg_h": report.throughput_kg_h,
        "products": {name: asdict(product) for name, product in report.products.items()},
        "byproducts": {name: asdict(product) for name, product in report.byproducts.items()},
        "balance_error": report.balance_error,
        "alarms": report.alarms,
        "state_sha256": report.state_sha256,
    }
    return json.dumps(members, indent=2)


def as_table(report: Report) -> str:
    """The key figures for people."""
    hours = report.plant_seconds / 3600
    lines = [
        f"{report.plant}, {hours:g} h of plant time, seed {report.seed}",
        "",
        f"{'':<12}{'kg/h':>10}{'purity %':>12}{'recovery %':>12}",
        f"{'feed':<12}{report.throughput_kg_h:>10.3f}",
    ]
    for name, product in {**report.products, **report.byproducts}.items():
        lines.append(f"{name:<12}{product.rate_kg_h:>10.4f}{product.purity_pct:>12.3f}{product.recovery_pct:>12.2f}")
    lines += ["", "recovery %  " + "  ".join(f"{name} {pct:.2f}" for name, pct in report.element_recovery_pct.items())]
    rows = (
        ("HCl 32 %", f"{report.specific_acid:.3f} kg per kg of feed"),
        ("energy", f"{report.specific_energy_kwh_kg:.2f} kWh per kg of oxide"),
        ("off spec", f"{report.off_spec_kg:.3f} kg"),
        ("alarms", f"{report.alarms}"),
        ("balance", f"closed to {report.balance_error:.1e}"),
        ("speed", f"{report.times_real_time:,.0f} times real time"),
        ("state", report.state_sha256),
    )
    return "\n".join(lines + [f"{name:<12}{text}" for name, text in rows])
