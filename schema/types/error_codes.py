"""Sentences for every error code: when it is given, and what to do."""

from base.errors import ErrorCode

EXPLANATIONS = {
    ErrorCode.UNAUTHENTICATED: ("nobody is signed in, and somebody must be", "call `login`, send the access token"),
    ErrorCode.TOKEN_EXPIRED: ("the access token has ended", "call `refreshSession`, repeat"),
    ErrorCode.INVALID_TOKEN: ("no token of this server; or its session ended, or its user is disabled", "call `login`"),
    ErrorCode.INVALID_CREDENTIALS: ("the user name or the password is wrong", "ask the person again"),
    ErrorCode.FORBIDDEN: ("you are known, and may not do this", "do not repeat"),
    ErrorCode.TASK_NOT_FOUND: ("no such task, or not yours", "do not repeat"),
    ErrorCode.BATCH_NOT_FOUND: ("no such batch, or not yours", "do not repeat"),
    ErrorCode.DOWNLOAD_NOT_FOUND: ("no such download, or not yours", "do not repeat"),
    ErrorCode.UPLOAD_NOT_FOUND: ("no such upload, or not yours; the link to it is not complete", "create a new upload"),
    ErrorCode.FILE_NOT_FOUND: ("no such file, or not yours; the link to it is not complete", "read `url` again"),
    ErrorCode.WEBHOOK_NOT_FOUND: ("no such webhook, or not yours", "do not repeat"),
    ErrorCode.NOT_FOUND: ("nothing else of this name either; an unknown address", "correct the id or the address"),
    ErrorCode.INVALID_ID: ("this is no id of Waybill, whatever its owner", "correct the id"),
    ErrorCode.BAD_INPUT: (
        "a value is missing, too long, out of range or of the wrong shape; see `field`",
        "correct it",
    ),
    ErrorCode.INVALID_STATE: ("the object is in a status in which this cannot be done", "read its state again"),
    ErrorCode.CANNOT_CANCEL: ("the job is finished", "nothing: there is nothing to stop"),
    ErrorCode.CANNOT_PAUSE: ("the job is neither waiting nor working", "read `actions` of the job"),
    ErrorCode.CANNOT_RESUME: ("the job is not paused", "read `actions` of the job"),
    ErrorCode.CANNOT_RETRY: (
        "nothing failed, what failed would fail again, the inputs are gone, or no item ended that onlyFailedItems could keep",
        "read `actions`; upload again in a new job",
    ),
    ErrorCode.CANNOT_START: ("the job does not await input, or an input of it is gone", "read `actions` of the job"),
    ErrorCode.DUPLICATE: ("something of this name or key is there already", "use that one, or another name"),
    ErrorCode.RESULT_NOT_READY: ("the job is not COMPLETED yet", "wait for COMPLETED (`jobUpdated`)"),
    ErrorCode.RESULT_EXPIRED: (
        "the link has ended, or the file is no longer kept",
        "read `url` again; else run the job again",
    ),
    ErrorCode.UPLOAD_EXPIRED: (
        "the upload was not finished in time, its time as an input is over, or the disk has lost it",
        "create a new upload",
    ),
    ErrorCode.OFFSET_MISMATCH: (
        "the bytes do not continue where the stored ones end",
        "ask with HEAD, go on from `Upload-Offset`",
    ),
    ErrorCode.CHECKSUM_MISMATCH: (
        "the bytes that arrived are not those that were sent; none were stored",
        "send them again",
    ),
    ErrorCode.LOCKED: (
        "another request uses the same upload, or its checksum is being computed",
        "wait for `Retry-After`, ask with HEAD",
    ),
    ErrorCode.UNSUPPORTED_VERSION: ("the tus client speaks another version", "speak 1.0.0 (`Tus-Version`)"),
    ErrorCode.METHOD_NOT_ALLOWED: ("the address does not take this method", "use one that `Allow` names"),
    ErrorCode.NOT_ACCEPTABLE: ("`Accept` names no form in which this is answered", "name one that the message tells"),
    ErrorCode.INSUFFICIENT_STORAGE: ("the server's disk is full", "try later; tell whoever runs the server"),
    ErrorCode.LEASE_LOST: ("a worker reports on a task that is no longer its own", "stop working on it"),
    ErrorCode.FILE_TOO_LARGE: (
        "the file is over `serverInfo.maxUploadSize`, the body longer than said, or the request over 1 MiB (with files: 100 MiB)",
        "send less",
    ),
    ErrorCode.UNSUPPORTED_TYPE: (
        "a kind of file or body that is not taken here",
        "see `serverInfo.processors.accept`; send JSON to /graphql",
    ),
    ErrorCode.CORRUPT_FILE: (
        "the file is damaged, empty, protected by a password or not what its name says",
        "mend the file",
    ),
    ErrorCode.UNSAFE_ARCHIVE: (
        "the archive would unpack to too much, or reaches out of itself",
        "pack it anew, or send plain files",
    ),
    ErrorCode.QUOTA_EXCEEDED: (
        (
            "you have as many bytes, unfinished uploads, unfinished jobs, API tokens or webhooks as one user may have;"
            " what your operations on sockets keep is too much"
        ),
        "finish, cancel, complete, delete or revoke some",
    ),
    ErrorCode.RATE_LIMITED: (
        "too many operations in a minute or a second, or open on one socket; too many failed sign-ins, or waiting",
        "wait for `retryAfter`; close some",
    ),
    ErrorCode.GRAPHQL_PARSE_FAILED: ("this is not GraphQL", "correct the query"),
    ErrorCode.GRAPHQL_VALIDATION_FAILED: (
        "the query does not fit the schema",
        "correct the query; see /schema.graphql",
    ),
    ErrorCode.QUERY_TOO_COMPLEX: (
        (
            "over 3,000 tokens, 100,000 characters, 20 levels, 100 aliases, 5 passwords, 100,000 fields in full pages or 25,000 of"
            " introspection; fields or fragments repeated too often; an answer over 16 MiB"
        ),
        "smaller pages, several queries",
    ),
    ErrorCode.PERSISTED_QUERY_NOT_FOUND: (
        "only the hash of a query was sent",
        "send the query itself; Apollo's link does so alone",
    ),
    ErrorCode.URL_NOT_ALLOWED: ("this address may not be called", "use a public http(s) address"),
    ErrorCode.DOWNLOAD_FAILED: ("the other server did not give the file", "see the message; retry later"),
    ErrorCode.PROCESSING_FAILED: ("the work on the file failed", "read the job's log; `retryJob` where `isRetryable`"),
    ErrorCode.WORKER_LOST: (
        "the worker broke down again and again at the same place",
        "`retryJob`; tell whoever runs the server",
    ),
    ErrorCode.TIMED_OUT: (
        "it took longer than it may: an operation over 30 s, or work without a sign of life for 10 minutes",
        "`retryJob`, or less at once",
    ),
    ErrorCode.INTERNAL_ERROR: ("a bug; details are in the log only", "tell the `requestId` to whoever runs the server"),
    ErrorCode.DATABASE_ERROR: (
        "the database did not do its part",
        "with `retryAfter`, as when somebody has locked it: repeat then; otherwise repeat once, then as INTERNAL_ERROR",
    ),
    ErrorCode.SERVICE_UNAVAILABLE: (
        "a part of the server is not there, it is stopping, or it takes in as many uploads as it may, of all or of you",
        "wait for `Retry-After`, repeat",
    ),
}
"""When, and what to do, as in docs/errors.md."""


def explanation_of(code: ErrorCode) -> str:
    """Both as sentences, for the schema."""
    return " ".join(f"{part[:1].upper()}{part[1:]}." for part in EXPLANATIONS[code])
