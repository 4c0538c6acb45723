"""``plantsim new``: a small commented plant file to begin with."""

from __future__ import annotations

from argparse import ArgumentParser, ArgumentTypeError, Namespace
from contextlib import suppress
from pathlib import Path

from plantsim.commands.stop import Stop

SUMMARY = "write a small plant file of your own to begin with"
TEMPLATE = Path(__file__).parents[1] / "plants" / "new.template"
SCHEMA = "plant.schema.json"
"""Beside the file, which names it in its first line for editors."""


def add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("name", metavar="NAME", type=plant_name, help="of the plant; its file is NAME.toml, here")
    parser.add_argument("--title", type=title, default="Neodymium oxide rework", help="one line (default: %(default)s)")


def plant_name(text: str) -> str:
    """A name that a plant may have; ArgumentTypeError otherwise."""
    from plantsim.model.load import NAME

    if not NAME.fullmatch(text):
        raise ArgumentTypeError(f'{text}: allowed a name in lower case such as "my-plant"')
    return text


def title(text: str) -> str:
    """A text that can stand between quotes in the file; ArgumentTypeError otherwise."""
    if not text.isprintable() or '"' in text or "\\" in text or not text:
        raise ArgumentTypeError(f"{text!r}: allowed one line without quotes and backslashes")
    return text


def run(args: Namespace) -> int:
    """Write the file, its address map and the schema; find its steady state where the solver is installed.

    Overwrites nothing.
    """
    from plantsim.model.json_schema import text_of
    from plantsim.model.load import load_plant
    from plantsim.model.modbus_map import map_path, update_map
    from plantsim.model.schema import plant_schema
    from plantsim.model.tags import build_tags

    path = Path(f"{args.name}.toml")
    text = TEMPLATE.read_text(encoding="utf-8").format(name=args.name, title=args.title)
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError:
        raise Stop(f"{path}: there already; allowed a name that is free") from None
    except OSError as error:
        raise Stop(f"{path}: {error.strerror or error}") from None
    with suppress(FileExistsError), Path(SCHEMA).open("x", encoding="utf-8") as file:
        file.write(text_of(plant_schema()))
    plant = load_plant(path)
    update_map(map_path(path), *build_tags(plant), {area.id: area.number for area in plant.areas})
    print(f"{path}: a plant that works; its comments say how to go on")
    try:
        from plantsim.engine.settle import settle
    except ModuleNotFoundError as error:
        print(
            f"without {error.name} (pip install 'plantsim[settle]') it starts by: plantsim demo ./{path} --start cold"
        )
        return 0
    settle(plant)
    print(f"open it: plantsim demo ./{path}")
    return 0
