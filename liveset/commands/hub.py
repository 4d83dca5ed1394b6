"""Fetching a model from the Hugging Face Hub: resumed where it stopped, checked by hash, with one sentence for what fails.

The files' names, sizes and hashes come from the Hub's API. Their bytes are fetched here by HTTP ranges, since the client
package throws an interrupted download away.
"""

from __future__ import annotations

import fnmatch
import hashlib
import importlib.util
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path, PurePosixPath
from typing import Any, Final

from engine.command_line import command
from engine.errors import GeneratorError
from engine.models.files import Manifest, OnBytes, check_room, finish, partial_folder, read_object, sha256, text_encoder
from engine.models.registry import ADD_THE_EXTRA, CONFIG_FILE, Model

_OWN: Final = ("model_config.json", "model.safetensors", "LICENSE*", "NOTICE*")
_TEXT: Final = ("*.json", "*.safetensors", "tokenizer.model", "LICENSE*", "NOTICE*")
_TIMEOUT_S: Final = 20.0
_ROUNDS: Final = 4
"""Times a broken connection is taken up again, as long as each brings some bytes."""


@dataclass(frozen=True, slots=True)
class RemoteFile:
    """A file on the Hub.

    Attributes:
        repository, commit, path: where it is.
        size: in bytes.
        sha256: of a large file; None for a small one, which has ``blob``, git's SHA-1.
    """

    repository: str
    commit: str
    path: str
    size: int
    sha256: str | None
    blob: str | None


class Hub:
    """The Hub's client.

    Args:
        endpoint: another address than the Hub's own (or $HF_ENDPOINT).

    Raises:
        GeneratorError: the client's package is not installed.
    """

    def __init__(self, endpoint: str | None = None) -> None:
        if importlib.util.find_spec("huggingface_hub") is None:
            raise GeneratorError("fetching models needs the huggingface_hub package", ADD_THE_EXTRA)
        self.endpoint = endpoint

    def files(self, repository: str) -> list[RemoteFile]:
        """Every file of a repository's main branch."""
        from huggingface_hub import HfApi

        info = HfApi(endpoint=self.endpoint).model_info(repository, files_metadata=True, timeout=_TIMEOUT_S)
        found = []
        for entry in info.siblings or ():
            path = PurePosixPath(entry.rfilename)
            if path.is_absolute() or ".." in path.parts or "\\" in entry.rfilename:
                raise GeneratorError(f"{repository} lists a file outside itself: {entry.rfilename}", "it is not fetched")
            found.append(
                RemoteFile(
                    repository,
                    info.sha or "main",
                    entry.rfilename,
                    entry.size or 0,
                    entry.lfs.sha256 if entry.lfs else None,
                    entry.blob_id,
                )
            )
        return found

    def fetch(self, file: RemoteFile, target: Path, on_bytes: OnBytes) -> None:
        """Bring a file to a path, going on behind the bytes that are there from last time, and check its hash."""
        if target.is_file() and target.stat().st_size == file.size and _same(file, target):
            on_bytes(file.size)
            return
        target.unlink(missing_ok=True)
        part = target.with_name(target.name + ".part")
        part.parent.mkdir(parents=True, exist_ok=True)
        if part.is_file() and part.stat().st_size > file.size:
            part.unlink()
        on_bytes(part.stat().st_size if part.is_file() else 0)
        self._fill(file, part, on_bytes)
        if not _same(file, part):
            part.unlink()
            raise GeneratorError(f"{file.path} arrived damaged: its hash is not the Hub's", "fetch it again")
        part.replace(target)

    def _fill(self, file: RemoteFile, part: Path, on_bytes: OnBytes) -> None:
        from huggingface_hub.errors import HfHubHTTPError, HTTPError

        for attempt in range(_ROUNDS):
            before = part.stat().st_size if part.is_file() else 0
            if before == file.size and before:
                return
            try:
                self._stream(file, part, before, on_bytes)
            except HfHubHTTPError:
                raise
            except HTTPError:
                grown = part.is_file() and part.stat().st_size > before
                if not grown or attempt + 1 == _ROUNDS:
                    raise
            else:
                break
        if part.stat().st_size != file.size:
            raise GeneratorError(
                f"{file.path} stopped at {part.stat().st_size:,} of {file.size:,} bytes", "run it again to go on"
            )

    def _stream(self, file: RemoteFile, part: Path, start: int, on_bytes: OnBytes) -> None:
        from huggingface_hub import get_session, hf_hub_url
        from huggingface_hub.utils import build_hf_headers, hf_raise_for_status

        # Uncompressed, since ranges of a compressed body count other bytes.
        headers = {**build_hf_headers(), "Accept-Encoding": "identity"}
        if start:
            headers["Range"] = f"bytes={start}-"
        url = hf_hub_url(file.repository, file.path, revision=file.commit, endpoint=self.endpoint)
        with get_session().stream("GET", url, headers=headers, timeout=_TIMEOUT_S) as response:
            hf_raise_for_status(response)
            if start and response.status_code != HTTPStatus.PARTIAL_CONTENT:
                on_bytes(-start)
                start = 0
            with part.open("ab" if start else "wb") as out:
                for chunk in response.iter_bytes():
                    out.write(chunk)
                    on_bytes(len(chunk))


def _same(file: RemoteFile, path: Path) -> bool:
    """Whether a file that arrived is the one the Hub has."""
    if file.sha256:
        return sha256(path) == file.sha256
    data = path.read_bytes()
    return file.blob in (None, hashlib.sha1(b"blob %d\0" % len(data) + data, usedforsecurity=False).hexdigest())


def wanted(files: list[RemoteFile], subfolder: str | None) -> list[RemoteFile]:
    """The files of a model's own, and those of its text encoder's subfolder; small ones first."""
    own = [file for file in files if any(fnmatch.fnmatch(file.path, pattern) for pattern in _OWN)]
    return sorted([*own, *(_below(files, subfolder) if subfolder else [])], key=lambda file: file.size)


def _below(files: list[RemoteFile], folder: str) -> list[RemoteFile]:
    patterns = [f"{folder}/{pattern}" for pattern in _TEXT]
    return [file for file in files if any(fnmatch.fnmatch(file.path, pattern) for pattern in patterns)]


@dataclass(frozen=True, slots=True)
class Order:
    """What is to be fetched for a model."""

    files: tuple[RemoteFile, ...]

    @property
    def size(self) -> int:
        """Bytes of all files."""
        return sum(file.size for file in self.files)


def survey(hub: Hub, model: Model) -> Order:
    """Ask the Hub what a model consists of; fetches its configuration, which is small and shows whether access is granted.

    Raises:
        GeneratorError: no network, no access, or not a model of this kind.
    """
    with _plainly(model):
        files = hub.files(model.repository)
        config = next((file for file in files if file.path == CONFIG_FILE), None)
        if config is None:
            raise GeneratorError(f"{model.repository} has no {CONFIG_FILE}", "it is not published as expected; import a folder")
        target = partial_folder(model.name) / CONFIG_FILE
        target.unlink(missing_ok=True)
        hub.fetch(config, target, lambda count: None)
        text = text_encoder(read_object(target))
        if text and not _below(files, text[1]):
            files += _below(hub.files(text[0]), text[1])
    return Order(tuple(wanted(files, text[1] if text else None)))


def pull(hub: Hub, model: Model, order: Order, on_bytes: OnBytes) -> Path:
    """Fetch a model and put it in its place; what has arrived is kept when it fails.

    Raises:
        GeneratorError: no network, no access, no room, or damaged; the message says which.
    """
    arriving = partial_folder(model.name)
    with _plainly(model):
        check_room(order.size - sum(path.stat().st_size for path in arriving.rglob("*") if path.is_file()))
        for file in order.files:
            hub.fetch(file, arriving / file.path, on_bytes)
        hashes = {file.path: file.sha256 or sha256(arriving / file.path) for file in order.files}
    return finish(model.name, Manifest(f"{model.repository}@{order.files[0].commit}", hashes))


def refusal(model: Model) -> GeneratorError:
    """What to do when the Hub does not hand a model out."""
    return GeneratorError(
        f"the Hub does not hand out {model.repository} yet",
        f"accept its licence at {model.page}, then log in: {_hf()} auth login",
    )


def _hf() -> str:
    """The Hub's own tool, as one would type it here."""
    beside = Path(sys.executable).with_name("hf")
    return str(beside) if shutil.which("hf") is None and beside.exists() else "hf"


@contextmanager
def _plainly(model: Model) -> Iterator[None]:
    """Turn what the Hub's client raises into one sentence."""
    from huggingface_hub import errors

    kept = f"run it again to go on (what has arrived is kept), or copy it from elsewhere: {command('models import FOLDER')}"
    try:
        yield
    except errors.OfflineModeIsEnabled as error:
        raise GeneratorError("HF_HUB_OFFLINE is set, so that nothing is fetched", "unset it, or import a folder") from error
    except errors.HfHubHTTPError as error:
        status = _status(error)
        if isinstance(error, errors.GatedRepoError) or status in (401, 403):
            raise refusal(model) from error
        if status == HTTPStatus.NOT_FOUND:
            raise GeneratorError(f"{model.repository} is not on the Hub, or is private", "import a folder instead") from error
        raise GeneratorError(f"the Hub answered with an error ({status}) for {model.repository}", kept) from error
    except errors.HTTPError as error:
        raise GeneratorError(f"the connection to the Hub failed ({_reason(error)})", kept) from error
    except OSError as error:
        raise GeneratorError(f"{model.name} cannot be written ({error.strerror or error})", kept) from error


def _status(error: Any) -> int | None:
    response = getattr(error, "response", None)
    return getattr(response, "status_code", None)


def _reason(error: BaseException) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0]
