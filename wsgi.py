"""The application for a WSGI server: `wsgi:app`. `jieban serve` is the usual way to start."""

from app import create_app

app = create_app()
