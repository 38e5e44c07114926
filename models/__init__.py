"""Tables, one file each; listed here for the ORM. migrations/ holds how they came to be."""

from models.file import File
from models.history import JobEvent, LogEntry
from models.item import Item
from models.job import Job, JobUpload
from models.session import Session
from models.slice import Slice
from models.upload import Upload, UploadPart
from models.user import User

__all__ = [
    "File",
    "Item",
    "Job",
    "JobEvent",
    "JobUpload",
    "LogEntry",
    "Session",
    "Slice",
    "Upload",
    "UploadPart",
    "User",
]
