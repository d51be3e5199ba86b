"""Writes the next numbered migration from the difference between models and migrations.

    make migration WORDS="add the callback table"

Read what it wrote before you commit it: renames come out as a drop and an add.
"""

import importlib
import pkgutil
import re
import sys
import tempfile
from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import create_engine

from app.core import migrating
from app.core.db import Base


def import_models() -> None:
    """Every module of the product named models, or inside a package of that name."""
    package = importlib.import_module("app")
    for module in pkgutil.walk_packages(package.__path__, "app."):
        if ".models" in module.name or module.name.startswith("app.core."):
            importlib.import_module(module.name)


def main() -> None:
    words = sys.argv[1]
    number = f"{1 + len(list((migrating.MIGRATIONS / 'versions').glob('*.py'))):04d}"
    slug = re.sub(r"[^a-z0-9]+", "_", words.lower()).strip("_")
    import_models()
    with tempfile.TemporaryDirectory() as folder:
        engine = create_engine(f"sqlite:///{folder}/models.db")
        migrating.upgrade(engine)
        with engine.connect() as connection:
            configuration = Config()
            configuration.set_main_option("script_location", str(migrating.MIGRATIONS))
            configuration.set_main_option("file_template", f"{number}_{slug}")
            configuration.attributes["connection"] = connection
            configuration.attributes["metadata"] = Base.metadata
            command.revision(configuration, words, autogenerate=True, rev_id=number)
    (migrating.MIGRATIONS / ".current-head").write_text(f"{number}_{slug}\n")
    print(Path("migrations/versions") / f"{number}_{slug}.py")


if __name__ == "__main__":
    main()
