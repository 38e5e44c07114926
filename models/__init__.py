"""Tables, one file each; listed here for the ORM. migrations/ holds how they came to be."""

from models.api_token import ApiToken
from models.audit import AuditEntry
from models.file import File
from models.history import JobEvent, LogEntry
from models.identity import Identity
from models.installation import Installation
from models.item import Item
from models.job import Job, JobUpload
from models.job_count import JobCount, JobCountChange
from models.session import Session
from models.slice import Slice
from models.upload import Upload, UploadPart
from models.user import User
from models.webhook import Webhook, WebhookDelivery

__all__ = [
    "ApiToken",
    "AuditEntry",
    "File",
    "Identity",
    "Installation",
    "Item",
    "Job",
    "JobCount",
    "JobCountChange",
    "JobEvent",
    "JobUpload",
    "LogEntry",
    "Session",
    "Slice",
    "Upload",
    "UploadPart",
    "User",
    "Webhook",
    "WebhookDelivery",
]
