"""Every argument of a field with its description."""

from datetime import datetime
from typing import Annotated

from strawberry import ID, argument

from models.listing import DEFAULT_SIZE, MAX_SIZE
from schema.types.download_inputs import DownloadOptionsInput, StartDownloadsInput
from schema.types.enums import FileRole, ItemStatus, LogLevel, Role, UploadStatus
from schema.types.inputs import (
    CreateUploadInput,
    JobFilter,
    JobOrder,
    ReportTaskInput,
    ReviewItemInput,
    StartJobInput,
    UpdateJobInput,
)
from schema.types.scalars import FileUpload
from schema.types.work import CreateBatchInput, CreateTaskInput

_SIZE = f"0 to {MAX_SIZE}; {DEFAULT_SIZE} where neither first nor last is given"

# Pages
First = Annotated[int | None, argument(description=f"Rows from the start of the list, or after `after`: {_SIZE}.")]
After = Annotated[str | None, argument(description="Cursor of the row before the page; none: from the start.")]
Last = Annotated[int | None, argument(description=f"Rows from the end of the list, or before `before`: {_SIZE}.")]
Before = Annotated[str | None, argument(description="Cursor of the row after the page; none: to the end.")]
Offset = Annotated[
    int | None,
    argument(description="Rows to skip, 0 or more, for numbered pages; goes with `first` alone. Cursors are steadier."),
]
ListSize = Annotated[int, argument(description=f"Rows of the answer, 0 to {MAX_SIZE}.")]
UsersToSkip = Annotated[int, argument(description="Users to skip, 0 or more.")]
UserSearch = Annotated[
    str | None,
    argument(
        description="Only users in whose name this stands, in upper or lower case, at most 100 characters; null: all."
    ),
]

# Objects by their ids
AnyId = Annotated[ID, argument(description="Id of an object of any type.")]
AnyIds = Annotated[list[ID], argument(description="At most 100 ids, of any types.")]
JobId = Annotated[ID, argument(description="Id of a task, a batch or a download that you may see.")]
TaskId = Annotated[ID, argument(description="Id of a task that you may see.")]
DownloadId = Annotated[ID, argument(description="Id of a download that you may see.")]
BatchId = Annotated[ID, argument(description="Id of a batch that you may see.")]
ItemId = Annotated[ID, argument(description="Id of an item of a job that you may see.")]
UploadId = Annotated[ID, argument(description="Id of an upload that you may see.")]
UserId = Annotated[ID, argument(description="Id of a user.")]
TokenId = Annotated[ID, argument(description="Id of an API token of your own.")]
WebhookId = Annotated[ID, argument(description="Id of a webhook of your own.")]

Review = Annotated[ReviewItemInput, argument(description="What is right.")]

# What is looked for
JobsWanted = Annotated[JobFilter | None, argument(description="Which jobs; all that you may see where left out.")]
JobsToCancel = Annotated[JobFilter, argument(description="Which jobs; at least one criterion.")]
JobsInOrder = Annotated[JobOrder | None, argument(description="In which order; the newest first where left out.")]
UploadStatuses = Annotated[
    list[UploadStatus] | None,
    argument(
        description="Any of these statuses; all but DELETED where left out: deleted ones are shown only where asked for."
    ),
]
ExternalIds = Annotated[
    list[str] | None, argument(description="Any of these keys of the client's own, letter for letter; at most 100.")
]
RoleOfFiles = Annotated[FileRole | None, argument(description="Only files of this role; all where left out.")]
StatusOfItems = Annotated[ItemStatus | None, argument(description="Only items in this status; all where left out.")]
NeedsReview = Annotated[
    bool | None, argument(description="True: only items that a person should look at; false: only the others.")
]
MinLevel = Annotated[LogLevel, argument(description="Lines of this level and of all that matter more.")]
LoggedJobId = Annotated[ID | None, argument(description="Whose log; that of all your jobs where left out.")]
LineId = Annotated[ID | None, argument(description="Id of the last line that you have; needs jobId.")]
MaxPerSecond = Annotated[
    float, argument(description="Messages of progress a second, 0.1 to 20; changes of status are never held back.")
]
EndedSince = Annotated[
    datetime | None,
    argument(
        description="Starts with the jobs that ended then or later, too: with the moment at which a page read its list, "
        "it is told after a reconnect what ended meanwhile. At most 1,000 jobs, active ones first."
    ),
]
AuditedId = Annotated[ID | None, argument(description="Only entries about this object; all where left out.")]
EntryId = Annotated[ID | None, argument(description="Id of the last entry that you have; older ones follow.")]

# Uploads and jobs
FileToSend = Annotated[CreateUploadInput, argument(description="The file's name and, if it is known, its size.")]
FilePart = Annotated[FileUpload, argument(description="A file part of the multipart request, at most 100 MiB.")]
NewTask = Annotated[CreateTaskInput, argument(description="What is to be done, with which uploads.")]
NewDownloads = Annotated[StartDownloadsInput, argument(description="Which URLs, and how they are fetched.")]
UrlToPlan = Annotated[str, argument(description="As for startDownloads: http or https.")]
OptionsOfPlan = Annotated[
    DownloadOptionsInput | None,
    argument(description="As for startDownloads; maxRetries and long timeouts do not count."),
]
NewBatch = Annotated[CreateBatchInput, argument(description="What is to be done, with which uploads.")]
Answer = Annotated[StartJobInput | None, argument(description="What the job waited for, where it asked for anything.")]
JobChanges = Annotated[UpdateJobInput, argument(description="What changes; what is left out stays as it is.")]
OnlyFailedItems = Annotated[
    bool,
    argument(
        description="True: do only the items that failed or were not done yet, and keep the rest; CANNOT_RETRY where no item has ended. False: do everything again."
    ),
]

# Outside workers
Queue = Annotated[str, argument(description="Only tasks that were created for this queue; does not matter with `id`.")]
LeaseSeconds = Annotated[
    int, argument(description="How long you may be silent before another worker gets the task: 1 to 86,400 seconds.")
]
TaskToClaim = Annotated[
    ID | None,
    argument(
        description="This very task, whatever its queue: INVALID_STATE where it does not wait for a worker, TASK_NOT_FOUND where "
        "it is not one for workers. Left out: the next of the queue."
    ),
]
LeaseId = Annotated[ID, argument(description="`leaseId` as claimTask answered it; an older one is LEASE_LOST.")]
TaskReport = Annotated[ReportTaskInput, argument(description="How far the task is, or how it ended.")]

# People and programs
Username = Annotated[str, argument(description="1 to 100 characters; the sign-in name.")]
Password = Annotated[str, argument(description="The user's password.")]
NewPassword = Annotated[str, argument(description="8 to 1,000 characters.")]
OtherPassword = Annotated[
    str | None, argument(description="Another password, 8 to 1,000 characters. Null: it stays as it is.")
]
RefreshToken = Annotated[str, argument(description="The newest `refreshToken`, of login or of refreshSession.")]
GivenRole = Annotated[Role, argument(description="What the user may do.")]
OtherRole = Annotated[
    Role | None, argument(description="Another role; open sockets of the user are closed. Null: it stays as it is.")
]
IsDisabled = Annotated[
    bool | None,
    argument(
        description="True ends the user's tokens and sockets at once; false lets the user in again. Null: it stays as it is."
    ),
]
TokenName = Annotated[str, argument(description="What the program is, for people: 1 to 100 characters.")]
TokenEnd = Annotated[datetime | None, argument(description="When the token ends by itself; never where left out.")]

# Webhooks
WebhookUrl = Annotated[str, argument(description="A public http(s) address of at most 2,000 characters.")]
WebhookEvents = Annotated[list[str], argument(description="At least one event, such as batch.completed.")]
OtherUrl = Annotated[
    str | None,
    argument(
        description="Another address, as for createWebhook. With another scheme, host or port it has another secret, too, "
        "which is answered this once. Null: it stays as it is."
    ),
]
OtherEvents = Annotated[
    list[str] | None, argument(description="The events from now on, at least one. Null: they stay as they are.")
]
NewSecret = Annotated[
    bool,
    argument(
        description="True: another secret, answered this once; the old one signs nothing from now on. False: as `url` says."
    ),
]
IsEnabled = Annotated[
    bool | None, argument(description="False: nothing is sent until it is true again. Null: it stays as it is.")
]
