"""Opening files that others made."""

from __future__ import annotations

from pathlib import Path

import av
from av.container import InputContainer

from airflow_provider_viapi.emulator.media.faults import MediaFault

# The containers that the service documents, by FFmpeg's names. Anything else, above all a playlist that points to
# other files of this machine, is not opened.
WITH_PICTURES = "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,avi,flv,mpegts,mpeg,mxf,mxf_opatom"
WITH_SOUND = f"{WITH_PICTURES},mp3,wav,aac,flac,ogg"


def open_media(path: Path, kinds: str) -> InputContainer:
    """Open a file for reading; what it is shows from its content, not from its name.

    :param kinds: the containers that may be opened
    :raises MediaFault: ``InvalidFile.Type`` when it is a file of another kind, ``InvalidFile.Decode`` when it
        cannot be read at all
    """
    try:
        return av.open(
            str(path),
            "r",
            options={"format_whitelist": kinds, "protocol_whitelist": "file"},
            metadata_errors="replace",  # titles come in any encoding, and nobody reads them here
        )
    except FileNotFoundError:
        raise
    except av.ArgumentError as error:  # recognised, and not on the list
        raise MediaFault("InvalidFile.Type", "the file is not of a supported type") from error
    except av.FFmpegError as error:
        raise MediaFault("InvalidFile.Decode", "the file cannot be read") from error
