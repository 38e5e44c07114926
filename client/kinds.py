"""Kinds of work of one's own, for programs that are started."""

from pathlib import Path


def install_kind(folder: Path, name: str, reference: str) -> str:
    """Make a folder that, on PYTHONPATH, brings a kind as an installed package does; returns its path.

    Args:
        folder: Made where there is none; it may bring several kinds.
        name: Of the kind.
        reference: Where its manifest lies, `module:NAME`; programs must be able to import the module.
    """
    record = folder / f"waybill_{name.lower()}-1.dist-info"
    record.mkdir(parents=True)
    (record / "METADATA").write_text(f"Metadata-Version: 2.1\nName: waybill-{name.lower()}\nVersion: 1\n")
    (record / "entry_points.txt").write_text(f"[waybill.processors]\n{name} = {reference}\n")
    return str(folder)
