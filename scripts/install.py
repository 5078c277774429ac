"""Install packages into the environment of the Python that runs this, as `pip install` with the same arguments does.

    .venv/bin/python scripts/install.py -e '.[test]'

uv does it, where it is there or can be installed: it takes seconds where pip takes a minute.  It is given pip's
settings; where it fails for any reason, pip has the last word.  Then everything but the packages' own tests is compiled
to bytecode on all cores, with warnings off: Python warns of others' sources when it compiles them, and in tests that is
an error.
"""

import ast
import os
import shutil
import subprocess
import sys
import sysconfig

PIP = [sys.executable, "-m", "pip"]
QUIET = ["--quiet", "--disable-pip-version-check"]
# pip's settings that may lead to other packages, by uv's name for each.
SETTINGS = {
    "index-url": "--default-index",
    "extra-index-url": "--index",
    "find-links": "--find-links",
    "constraint": "--constraints",
    "trusted-host": "--allow-insecure-host",
}


def uv_program() -> list[str] | None:
    """The command that starts uv; None if there is none and pip cannot install it at once."""
    found = shutil.which("uv")
    if found:
        return [found]
    brief = ["--timeout", "15", "--retries", "1"]
    return None if failed([*PIP, "install", *QUIET, *brief, "uv"]) else [sys.executable, "-m", "uv"]


def failed(command: list[str], **options: object) -> bool:
    """Run a command without its messages."""
    silent = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    return subprocess.run(command, **silent, **options).returncode != 0


def pip_settings() -> tuple[list[str], dict[str, str]]:
    """pip's settings, from its files and from the environment, as options and as environment variables of uv."""
    options = ["--index-strategy", "unsafe-best-match"]  # pip's: the newest version of all indexes
    environment = {"UV_SYSTEM_CERTS": "1", "UV_NATIVE_TLS": "1"}  # the second is for versions of uv before 0.11
    listed = subprocess.run([*PIP, "config", "list"], capture_output=True, text=True).stdout
    for line in listed.splitlines():
        name, _, value = line.partition("=")
        name, words = name.rpartition(".")[2], str(ast.literal_eval(value)).split()
        if name in SETTINGS:
            options += [each for word in words for each in (SETTINGS[name], word)]
        elif name == "no-index" and words and words[0].lower() in ("1", "true", "yes", "on"):
            options += ["--no-index"]
        elif name == "cert":
            environment["SSL_CERT_FILE"] = " ".join(words)
        elif name == "proxy":
            environment["ALL_PROXY"] = " ".join(words)
    return options, environment


def main() -> int:
    """Install what the command line says; the status of pip or uv."""
    uv, wanted = uv_program(), sys.argv[1:]
    done = False
    if uv:
        options, environment = pip_settings()
        command = [*uv, "pip", "install", "--python", sys.executable, *options, *wanted]
        done = not failed(command, env=os.environ | environment)
    if not done:
        status = subprocess.run([*PIP, "install", *QUIET, "--no-compile", *wanted]).returncode
        if status:
            return status
    compile_all = [sys.executable, "-W", "ignore", "-m", "compileall", "-q", "-q", "-j", "0", "-x", r"[/\\]tests?[/\\]"]
    # From within, lest a folder above be called "tests"; what cannot be compiled is for those who import it.
    subprocess.run([*compile_all, "."], cwd=sysconfig.get_path("purelib"))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
