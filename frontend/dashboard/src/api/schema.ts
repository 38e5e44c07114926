export type Maybe<T> = T | null;
export type InputMaybe<T> = Maybe<T>;
/** All built-in and custom scalars, mapped to their actual values */
export type Scalars = {
  ID: { input: string; output: string; }
  String: { input: string; output: string; }
  Boolean: { input: boolean; output: boolean; }
  Int: { input: number; output: number; }
  Float: { input: number; output: number; }
  /** Integer up to 2^53 - 1, a JSON number (GraphQL's Int ends at 2^31 - 1). Sizes are bytes. On the way in also decimal digits in a text. */
  BigInt: { input: number; output: number; }
  /** RFC 3339, always UTC, ends in Z. With any offset on the way in. */
  DateTime: { input: string; output: string; }
  /** A file part of a multipart request (GraphQL multipart request specification). */
  FileUpload: { input: File | Blob; output: File | Blob; }
  /** Any JSON value. */
  JSON: { input: unknown; output: unknown; }
};

/** What is known of the words of an alignment, and its files. */
export type Alignment = {
  __typename: 'Alignment';
  /** Seconds of audio, of all recordings that can be decoded. */
  duration: Scalars['Float']['output'];
  /** Some words are in no dictionary. */
  hasMissingWords: Scalars['Boolean']['output'];
  /** BCP 47. */
  language: Scalars['String']['output'];
  /** Signed link to missing.dict: correct it, and upload it with the recordings. Null where no word is missing. */
  missingDictUrl: Maybe<Scalars['String']['output']>;
  /** Different words that are in no dictionary. */
  missingWordCount: Scalars['Int']['output'];
  /** The most frequent first: at most 1,000; missing.dict has all of them. */
  missingWords: Array<MissingWord>;
  /** The same as a table fit to put in a page: every word escaped. */
  missingWordsHtml: Scalars['String']['output'];
  /** Signed link to the TextGrid; where there are several, to the bundle with all of them. Null until there is one. */
  textgridUrl: Maybe<Scalars['String']['output']>;
  /** Words of all transcripts. */
  wordCount: Scalars['Int']['output'];
};

/** How recordings are aligned with their transcripts. */
export type AlignmentOptionsInput = {
  /** True: stop in AWAITING_INPUT when words are missing, until startJob. */
  askAboutMissingWords?: Scalars['Boolean']['input'];
  /** BCP 47; see serverInfo.processors.languages. */
  language?: Scalars['String']['input'];
  /** How the transcripts are laid out; found from the files where left out. */
  transcripts?: TranscriptLayout;
};

/** A long-lived bearer token for a program, with the rights of who created it. */
export type ApiToken = Node & {
  __typename: 'ApiToken';
  /** When it was created. */
  createdAt: Scalars['DateTime']['output'];
  /** When it ends by itself; null: only by revokeApiToken. */
  expiresAt: Maybe<Scalars['DateTime']['output']>;
  /** `{type}-{unix seconds}-{12 hex}`, unique in the whole system. */
  id: Scalars['ID']['output'];
  /** When it was last used, to the minute. */
  lastUsedAt: Maybe<Scalars['DateTime']['output']>;
  /** What it is for. */
  name: Scalars['String']['output'];
  /** Shown once, in the answer of createApiToken, and kept as a hash; null afterwards. Lost: revoke it and create another. */
  token: Maybe<Scalars['String']['output']>;
};

/** Something that somebody may have to answer for. */
export type AuditEntry = {
  __typename: 'AuditEntry';
  /** What was done, such as SIGNED_IN or ROLE_CHANGED. */
  action: Scalars['String']['output'];
  /** Who did it; null where nobody is known: a wrong password, a link that was passed on. */
  actor: Maybe<User>;
  /** When it happened. */
  at: Scalars['DateTime']['output'];
  /** For people. */
  detail: Maybe<Scalars['String']['output']>;
  /** Grows; also the cursor. */
  id: Scalars['ID']['output'];
  /** To what; it may be gone. */
  objectId: Maybe<Scalars['ID']['output']>;
};

/** One piece of work over many alike items (leads, sheets), each with its own state and result. */
export type Batch = Job & Node & {
  __typename: 'Batch';
  /** What its viewer may do with it now. */
  actions: Array<JobAction>;
  /** From 1; retryJob adds one. */
  attempt: Scalars['Int']['output'];
  /** What an AWAITING_INPUT job waits for: start, missingWords, or a processor's own word. */
  awaiting: Maybe<Scalars['String']['output']>;
  /** Signed link to one ZIP of inputs and results under their original names, streamed, with Range; null until COMPLETED, and when its results were removed. */
  bundleUrl: Maybe<Scalars['String']['output']>;
  /** When it was created. */
  createdAt: Scalars['DateTime']['output'];
  /** Set in the last message about a deleted job. */
  deletedAt: Maybe<Scalars['DateTime']['output']>;
  /** Why it failed. */
  error: Maybe<JobError>;
  /** The history of status and stage, oldest first, across attempts: the newest 1,000 lines. */
  events: JobEventConnection;
  /** When it will be removed with all that is its own; null while active. */
  expiresAt: Maybe<Scalars['DateTime']['output']>;
  /** The client's own key, unique per owner: creating again with the same key returns the same job. */
  externalId: Maybe<Scalars['String']['output']>;
  /** The job's own files; those of an item are at the item. */
  files: Array<File>;
  /** When it ended. */
  finishedAt: Maybe<Scalars['DateTime']['output']>;
  /** Some items failed. */
  hasFailures: Scalars['Boolean']['output'];
  /** `{type}-{unix seconds}-{12 hex}`, unique in the whole system. */
  id: Scalars['ID']['output'];
  /** Not finished: false for COMPLETED, FAILED, CANCELLED and SKIPPED, true otherwise. */
  isActive: Scalars['Boolean']['output'];
  /** Its items, by index. */
  items: JobItemConnection;
  /** Name of the processor: see serverInfo.processors. */
  kind: Scalars['String']['output'];
  /** Its log: the newest 1,000 lines. */
  logs: LogEntryConnection;
  /** What it was created with; its shape is the processor's. */
  options: Scalars['JSON']['output'];
  /** Whose it is. */
  owner: User;
  /** Higher goes first. */
  priority: Scalars['Int']['output'];
  /** How far it is. */
  progress: Progress;
  /** 1 = next; null when not PENDING, and while there is a waitReason. */
  queuePosition: Maybe<Scalars['Int']['output']>;
  /** The business number, 8 digits for sheets; read from the first sheet's QR code where the strategy says so. */
  reference: Maybe<Scalars['String']['output']>;
  /** Name of the stage that it is in. */
  stage: Maybe<Scalars['String']['output']>;
  /** All stages with their progress. */
  stages: Array<Stage>;
  /** When this attempt's work began. */
  startedAt: Maybe<Scalars['DateTime']['output']>;
  /** Where it stands. */
  status: JobStatus;
  /** One sentence for people. */
  statusMessage: Scalars['String']['output'];
  /** The client's title. */
  title: Maybe<Scalars['String']['output']>;
  /** Bytes of its uploads. */
  totalSize: Scalars['BigInt']['output'];
  /** When its state last changed. */
  updatedAt: Scalars['DateTime']['output'];
  /** Its inputs. */
  uploads: UploadConnection;
  /** Grows with every change that a subscriber can see. */
  version: Scalars['Int']['output'];
  /** Why its work cannot be done at present, for no fault of its own: it goes on by itself. Null otherwise. */
  waitReason: Maybe<WaitReason>;
  /** When it is tried again at the earliest, while there is a waitReason: after 5 s, later up to 60 s. */
  waitUntil: Maybe<Scalars['DateTime']['output']>;
};


/** One piece of work over many alike items (leads, sheets), each with its own state and result. */
export type BatchEventsArgs = {
  after?: InputMaybe<Scalars['String']['input']>;
  before?: InputMaybe<Scalars['String']['input']>;
  first?: InputMaybe<Scalars['Int']['input']>;
  last?: InputMaybe<Scalars['Int']['input']>;
};


/** One piece of work over many alike items (leads, sheets), each with its own state and result. */
export type BatchFilesArgs = {
  role?: InputMaybe<FileRole>;
};


/** One piece of work over many alike items (leads, sheets), each with its own state and result. */
export type BatchItemsArgs = {
  after?: InputMaybe<Scalars['String']['input']>;
  before?: InputMaybe<Scalars['String']['input']>;
  first?: InputMaybe<Scalars['Int']['input']>;
  last?: InputMaybe<Scalars['Int']['input']>;
  needsReview?: InputMaybe<Scalars['Boolean']['input']>;
  offset?: InputMaybe<Scalars['Int']['input']>;
  status?: InputMaybe<ItemStatus>;
};


/** One piece of work over many alike items (leads, sheets), each with its own state and result. */
export type BatchLogsArgs = {
  after?: InputMaybe<Scalars['String']['input']>;
  before?: InputMaybe<Scalars['String']['input']>;
  first?: InputMaybe<Scalars['Int']['input']>;
  last?: InputMaybe<Scalars['Int']['input']>;
  minLevel?: LogLevel;
};


/** One piece of work over many alike items (leads, sheets), each with its own state and result. */
export type BatchUploadsArgs = {
  after?: InputMaybe<Scalars['String']['input']>;
  first?: InputMaybe<Scalars['Int']['input']>;
};

/** A page of a list. */
export type BatchConnection = {
  __typename: 'BatchConnection';
  /** The rows with their cursors. */
  edges: Array<BatchEdge>;
  /** The rows. */
  nodes: Array<Batch>;
  /** What lies before and after. */
  pageInfo: PageInfo;
  /** Of the whole list, at the moment at which `nodes` were read. Counted only when asked for. */
  totalCount: Scalars['Int']['output'];
};

/** One row of a page. */
export type BatchEdge = {
  __typename: 'BatchEdge';
  /** Goes into `after` or `before`. */
  cursor: Scalars['String']['output'];
  /** The row. */
  node: Batch;
};

/** What is to be done: exactly one. */
export type BatchWork =
  /** Any other kind. */
  { custom: CustomOptionsInput; leads?: never; omr?: never; }
  |  /** Check a file of leads. */
  { custom?: never; leads: LeadsOptionsInput; omr?: never; }
  |  /** Read answer sheets. */
  { custom?: never; leads?: never; omr: OmrOptionsInput; };

/** A new batch. */
export type CreateBatchInput = {
  /** False: stop in AWAITING_INPUT once uploaded, until startJob. */
  autoStart?: Scalars['Boolean']['input'];
  /** The client's own key: creating again with the same key returns the same batch. */
  externalId?: InputMaybe<Scalars['String']['input']>;
  /** Higher goes first; -100 to 100. */
  priority?: Scalars['Int']['input'];
  /** For people; at most 500 characters. */
  title?: InputMaybe<Scalars['String']['input']>;
  /** Its inputs. They may still be uploading: the batch starts when the last byte is in. */
  uploadIds: Array<Scalars['ID']['input']>;
  /** What is to be done. */
  work: BatchWork;
};

/** A new task. */
export type CreateTaskInput = {
  /** False: stop in AWAITING_INPUT once uploaded, until startJob. */
  autoStart?: Scalars['Boolean']['input'];
  /** The client's own key: creating again with the same key returns the same task. */
  externalId?: InputMaybe<Scalars['String']['input']>;
  /** Higher goes first; -100 to 100. */
  priority?: Scalars['Int']['input'];
  /** For people; at most 500 characters. */
  title?: InputMaybe<Scalars['String']['input']>;
  /** At most 2,000. May still be uploading: the task starts when the last byte is in. */
  uploadIds?: Array<Scalars['ID']['input']>;
  /** What is to be done. */
  work: TaskWork;
};

/** A file that will be sent by tus. */
export type CreateUploadInput = {
  /** Media type, without parameters; application/octet-stream where left out, and for what is none. */
  contentType?: InputMaybe<Scalars['String']['input']>;
  /** The client's own key; at most 255 characters. */
  externalId?: InputMaybe<Scalars['String']['input']>;
  /** For people; folders before it are cut off. Empty, or nothing but folders: it is called `file`. */
  filename: Scalars['String']['input'];
  /** Bytes in all, 0 or more; where left out, the tus client says it later. */
  size?: InputMaybe<Scalars['BigInt']['input']>;
};

/** Work of a processor that was installed as a package. */
export type CustomOptionsInput = {
  /** See serverInfo.processors. */
  kind: Scalars['String']['input'];
  /** See the processor's optionsSchema; at most 64 KiB as JSON, unless the processor says otherwise. */
  options?: InputMaybe<Scalars['JSON']['input']>;
};

/** What happened on one day. */
export type DayCount = {
  __typename: 'DayCount';
  /** Jobs completed that day. */
  completed: Scalars['Int']['output'];
  /** Jobs created that day. */
  created: Scalars['Int']['output'];
  /** UTC, as 2026-11-21. */
  date: Scalars['String']['output'];
  /** Jobs failed that day. */
  failed: Scalars['Int']['output'];
  /** Items done (completed, failed or skipped) in the jobs that ended that day. */
  items: Scalars['Int']['output'];
};

/** Plays any life on command, so that a front end can be built before its processor exists. Items count from 0. */
export type DemoOptionsInput = {
  /** Before this item the task stops in AWAITING_INPUT, until startJob. */
  askAt?: InputMaybe<Scalars['Int']['input']>;
  /** At this item the whole task fails; it can be retried. */
  failAt?: InputMaybe<Scalars['Int']['input']>;
  /** These fail, each alone. */
  failItems?: InputMaybe<Array<Scalars['Int']['input']>>;
  /** How many: 0 to 100,000. */
  items?: Scalars['Int']['input'];
  /** How long all of them take together: 0 to 86,400. */
  seconds?: Scalars['Float']['input'];
  /** At this item the work stands still until stopped, or until the item ends TIMED_OUT. */
  stallAt?: InputMaybe<Scalars['Int']['input']>;
};

/** The server fetches what one URL leads to. */
export type Download = Job & Node & {
  __typename: 'Download';
  /** What its viewer may do with it now. */
  actions: Array<JobAction>;
  /** The files in transfer now. */
  activeItems: Array<JobItem>;
  /** From 1; retryJob adds one. */
  attempt: Scalars['Int']['output'];
  /** What an AWAITING_INPUT job waits for: start, missingWords, or a processor's own word. */
  awaiting: Maybe<Scalars['String']['output']>;
  /** Signed link to one ZIP of inputs and results under their original names, streamed, with Range; null until COMPLETED, and when its results were removed. */
  bundleUrl: Maybe<Scalars['String']['output']>;
  /** When it was created. */
  createdAt: Scalars['DateTime']['output'];
  /** Set in the last message about a deleted job. */
  deletedAt: Maybe<Scalars['DateTime']['output']>;
  /** The earlier download that has the same file; null, too, when that is gone. */
  duplicateOf: Maybe<Download>;
  /** Why it failed. */
  error: Maybe<JobError>;
  /** The history of status and stage, oldest first, across attempts: the newest 1,000 lines. */
  events: JobEventConnection;
  /** When it will be removed with all that is its own; null while active. */
  expiresAt: Maybe<Scalars['DateTime']['output']>;
  /** The client's own key, unique per owner: creating again with the same key returns the same job. */
  externalId: Maybe<Scalars['String']['output']>;
  /** The job's own files; those of an item are at the item. */
  files: Array<File>;
  /** Where it led to, after redirects, without credentials; null until known. */
  finalUrl: Maybe<Scalars['String']['output']>;
  /** When it ended. */
  finishedAt: Maybe<Scalars['DateTime']['output']>;
  /** Some items failed. */
  hasFailures: Scalars['Boolean']['output'];
  /** Where it fetches from, and which host asked to wait; at most 50. */
  hosts: Array<DownloadHost>;
  /** `{type}-{unix seconds}-{12 hex}`, unique in the whole system. */
  id: Scalars['ID']['output'];
  /** Not finished: false for COMPLETED, FAILED, CANCELLED and SKIPPED, true otherwise. */
  isActive: Scalars['Boolean']['output'];
  /** Its items, by index. */
  items: JobItemConnection;
  /** Name of the processor: see serverInfo.processors. */
  kind: Scalars['String']['output'];
  /** Its log: the newest 1,000 lines. */
  logs: LogEntryConnection;
  /** Whose it is. */
  owner: User;
  /** Higher goes first. */
  priority: Scalars['Int']['output'];
  /** How far it is. */
  progress: Progress;
  /** 1 = next; null when not PENDING, and while there is a waitReason. */
  queuePosition: Maybe<Scalars['Int']['output']>;
  /** Whether a pause or a break keeps what was fetched; null until known. */
  resumable: Maybe<Scalars['Boolean']['output']>;
  /** How it fetches, and what is wanted. */
  settings: DownloadOptions;
  /** Why a SKIPPED one was not fetched. */
  skipReason: Maybe<Scalars['String']['output']>;
  /** Name of the stage that it is in. */
  stage: Maybe<Scalars['String']['output']>;
  /** All stages with their progress. */
  stages: Array<Stage>;
  /** When this attempt's work began. */
  startedAt: Maybe<Scalars['DateTime']['output']>;
  /** Where it stands. */
  status: JobStatus;
  /** One sentence for people. */
  statusMessage: Scalars['String']['output'];
  /** The client's title. */
  title: Maybe<Scalars['String']['output']>;
  /** When its state last changed. */
  updatedAt: Scalars['DateTime']['output'];
  /** Its inputs. */
  uploads: UploadConnection;
  /** What was asked for, without credentials. */
  url: Scalars['String']['output'];
  /** Grows with every change that a subscriber can see. */
  version: Scalars['Int']['output'];
  /** Why its work cannot be done at present, for no fault of its own: it goes on by itself. Null otherwise. */
  waitReason: Maybe<WaitReason>;
  /** When it is tried again at the earliest, while there is a waitReason: after 5 s, later up to 60 s. */
  waitUntil: Maybe<Scalars['DateTime']['output']>;
};


/** The server fetches what one URL leads to. */
export type DownloadEventsArgs = {
  after?: InputMaybe<Scalars['String']['input']>;
  before?: InputMaybe<Scalars['String']['input']>;
  first?: InputMaybe<Scalars['Int']['input']>;
  last?: InputMaybe<Scalars['Int']['input']>;
};


/** The server fetches what one URL leads to. */
export type DownloadFilesArgs = {
  role?: InputMaybe<FileRole>;
};


/** The server fetches what one URL leads to. */
export type DownloadItemsArgs = {
  after?: InputMaybe<Scalars['String']['input']>;
  before?: InputMaybe<Scalars['String']['input']>;
  first?: InputMaybe<Scalars['Int']['input']>;
  last?: InputMaybe<Scalars['Int']['input']>;
  needsReview?: InputMaybe<Scalars['Boolean']['input']>;
  offset?: InputMaybe<Scalars['Int']['input']>;
  status?: InputMaybe<ItemStatus>;
};


/** The server fetches what one URL leads to. */
export type DownloadLogsArgs = {
  after?: InputMaybe<Scalars['String']['input']>;
  before?: InputMaybe<Scalars['String']['input']>;
  first?: InputMaybe<Scalars['Int']['input']>;
  last?: InputMaybe<Scalars['Int']['input']>;
  minLevel?: LogLevel;
};


/** The server fetches what one URL leads to. */
export type DownloadUploadsArgs = {
  after?: InputMaybe<Scalars['String']['input']>;
  first?: InputMaybe<Scalars['Int']['input']>;
};

/** A page of a list. */
export type DownloadConnection = {
  __typename: 'DownloadConnection';
  /** The rows with their cursors. */
  edges: Array<DownloadEdge>;
  /** The rows. */
  nodes: Array<Download>;
  /** What lies before and after. */
  pageInfo: PageInfo;
  /** Of the whole list, at the moment at which `nodes` were read. Counted only when asked for. */
  totalCount: Scalars['Int']['output'];
};

/** One row of a page. */
export type DownloadEdge = {
  __typename: 'DownloadEdge';
  /** Goes into `after` or `before`. */
  cursor: Scalars['String']['output'];
  /** The row. */
  node: Download;
};

/** A host that a download fetches from. */
export type DownloadHost = {
  __typename: 'DownloadHost';
  /** Files of this download that come from it now. */
  activeTransfers: Scalars['Int']['output'];
  /** Its name. */
  name: Scalars['String']['output'];
  /** It is left alone until then: asked by the host (429, 503), or after failures. Null otherwise. */
  waitingUntil: Maybe<Scalars['DateTime']['output']>;
};

/** How a download fetches, and which files are wanted; see DownloadOptionsInput. */
export type DownloadOptions = {
  __typename: 'DownloadOptions';
  /** KiB per second for the whole download; 0 = unlimited. */
  bandwidthLimit: Scalars['Int']['output'];
  /** Bytes that a crash of the server may lose, about: 64 KiB to 1 GiB. */
  chunkSize: Scalars['Int']['output'];
  /** Seconds to resolve the name, connect and agree on TLS. */
  connectTimeout: Scalars['Float']['output'];
  /** Files that changed earlier (Last-Modified) are not wanted; those without a date are. */
  dateFrom: Maybe<Scalars['DateTime']['output']>;
  /** Files that changed later are not wanted. */
  dateTo: Maybe<Scalars['DateTime']['output']>;
  /** Files with these are not wanted: jpg or .jpg. */
  excludeExtensions: Array<Scalars['String']['output']>;
  /** Of a single file, 64 hex digits: another one is CHECKSUM_MISMATCH. */
  expectedSha256: Maybe<Scalars['String']['output']>;
  /** True: a URL that is an HTML page stands for the files that it links to. */
  followLinks: Scalars['Boolean']['output'];
  /** Of own headers: names only, values are never shown. */
  headerNames: Array<Scalars['String']['output']>;
  /** Archives are wanted. */
  includeArchives: Scalars['Boolean']['output'];
  /** Documents, text and pages are wanted. */
  includeDocuments: Scalars['Boolean']['output'];
  /** Images are wanted. */
  includeImages: Scalars['Boolean']['output'];
  /** All other files are wanted. */
  includeOther: Scalars['Boolean']['output'];
  /** Videos are wanted. */
  includeVideos: Scalars['Boolean']['output'];
  /** Bytes; 0 = no limit. Held on the bytes that really come, too. */
  maxFileSize: Scalars['BigInt']['output'];
  /** Requests after the first one that failed in a way that may pass. */
  maxRetries: Scalars['Int']['output'];
  /** Bytes; 0 = no limit. */
  minFileSize: Scalars['BigInt']['output'];
  /** SKIP leaves a file out that you have already; DOWNLOAD fetches it again. */
  onDuplicate: OnDuplicate;
  /** NONE, SYSTEM (of the server's environment) or CUSTOM (proxyUrl). */
  proxyMode: ProxyMode;
  /** With CUSTOM: http://host:port or socks5://host:port, one that the operator allows. */
  proxyUrl: Maybe<Scalars['String']['output']>;
  /** Seconds without a byte, or with less than 1 KiB each, after which a transfer has stalled. */
  readTimeout: Scalars['Float']['output'];
  /** Seconds before the first retry; doubles, with jitter; Retry-After is obeyed. */
  retryInterval: Scalars['Float']['output'];
  /** Seconds for one file, without pauses; 0 = none. */
  timeout: Scalars['Float']['output'];
  /** Header User-Agent; Waybill where it is left out. */
  userAgent: Maybe<Scalars['String']['output']>;
};

/** How files are fetched, and which are wanted; what is left out is as the defaults say. */
export type DownloadOptionsInput = {
  /** KiB per second for the whole download; 0 = unlimited. */
  bandwidthLimit?: Scalars['Int']['input'];
  /** Bytes that a crash of the server may lose, about: 64 KiB to 1 GiB. */
  chunkSize?: Scalars['Int']['input'];
  /** Seconds to resolve the name, connect and agree on TLS. */
  connectTimeout?: Scalars['Float']['input'];
  /** Files that changed earlier (Last-Modified) are not wanted; those without a date are. */
  dateFrom?: InputMaybe<Scalars['DateTime']['input']>;
  /** Files that changed later are not wanted. */
  dateTo?: InputMaybe<Scalars['DateTime']['input']>;
  /** Files with these are not wanted: jpg or .jpg. */
  excludeExtensions?: Array<Scalars['String']['input']>;
  /** Of a single file, 64 hex digits: another one is CHECKSUM_MISMATCH. */
  expectedSha256?: InputMaybe<Scalars['String']['input']>;
  /** True: a URL that is an HTML page stands for the files that it links to. */
  followLinks?: Scalars['Boolean']['input'];
  /** Sent to the first origin only; not Host, Range, or what belongs to the connection. */
  headers?: Array<HeaderInput>;
  /** Archives are wanted. */
  includeArchives?: Scalars['Boolean']['input'];
  /** Documents, text and pages are wanted. */
  includeDocuments?: Scalars['Boolean']['input'];
  /** Images are wanted. */
  includeImages?: Scalars['Boolean']['input'];
  /** All other files are wanted. */
  includeOther?: Scalars['Boolean']['input'];
  /** Videos are wanted. */
  includeVideos?: Scalars['Boolean']['input'];
  /** Bytes; 0 = no limit. Held on the bytes that really come, too. */
  maxFileSize?: Scalars['BigInt']['input'];
  /** Requests after the first one that failed in a way that may pass. */
  maxRetries?: Scalars['Int']['input'];
  /** Bytes; 0 = no limit. */
  minFileSize?: Scalars['BigInt']['input'];
  /** SKIP leaves a file out that you have already; DOWNLOAD fetches it again. */
  onDuplicate?: OnDuplicate;
  /** NONE, SYSTEM (of the server's environment) or CUSTOM (proxyUrl). */
  proxyMode?: ProxyMode;
  /** With CUSTOM: http://host:port or socks5://host:port, one that the operator allows. */
  proxyUrl?: InputMaybe<Scalars['String']['input']>;
  /** Seconds without a byte, or with less than 1 KiB each, after which a transfer has stalled. */
  readTimeout?: Scalars['Float']['input'];
  /** Seconds before the first retry; doubles, with jitter; Retry-After is obeyed. */
  retryInterval?: Scalars['Float']['input'];
  /** Seconds for one file, without pauses; 0 = none. */
  timeout?: Scalars['Float']['input'];
  /** Header User-Agent; Waybill where it is left out. */
  userAgent?: InputMaybe<Scalars['String']['input']>;
};

/** What became of one URL: a download, or why there is none. */
export type DownloadStart = {
  __typename: 'DownloadStart';
  /** The download; null where there is an error. */
  download: Maybe<Download>;
  /** Why there is none. */
  error: Maybe<JobError>;
  /** As it was given, without credentials. */
  url: Scalars['String']['output'];
};

/** How leads are enriched. */
export type EnrichStep =
  /** By the same rules, and then by the endpoint that the operator has set up; BAD_INPUT where there is none. */
  | 'HTTP'
  /** By the fixed rules of docs/leads.md; nothing is asked of another machine. */
  | 'LOCAL_RULES';

/** Every refusal's `extensions.code`; the same words on the HTTP routes. More may come: treat an unknown one as a failure. */
export type ErrorCode =
  /** A value is missing, too long, out of range or of the wrong shape; see `field`. Correct it. */
  | 'BAD_INPUT'
  /** No such batch, or not yours. Do not repeat. */
  | 'BATCH_NOT_FOUND'
  /** The job is finished. Nothing: there is nothing to stop. */
  | 'CANNOT_CANCEL'
  /** The job is neither waiting nor working. Read `actions` of the job. */
  | 'CANNOT_PAUSE'
  /** The job is not paused. Read `actions` of the job. */
  | 'CANNOT_RESUME'
  /** Nothing failed, what failed would fail again, the inputs are gone, or no item ended that onlyFailedItems could keep. Read `actions`; upload again in a new job. */
  | 'CANNOT_RETRY'
  /** The job does not await input, or an input of it is gone. Read `actions` of the job. */
  | 'CANNOT_START'
  /** The bytes that arrived are not those that were sent; none were stored. Send them again. */
  | 'CHECKSUM_MISMATCH'
  /** The file is damaged, empty, protected by a password or not what its name says. Mend the file. */
  | 'CORRUPT_FILE'
  /** The database did not do its part. With `retryAfter`, as when somebody has locked it: repeat then; otherwise repeat once, then as INTERNAL_ERROR. */
  | 'DATABASE_ERROR'
  /** The other server did not give the file. See the message; retry later. */
  | 'DOWNLOAD_FAILED'
  /** No such download, or not yours. Do not repeat. */
  | 'DOWNLOAD_NOT_FOUND'
  /** Something of this name or key is there already. Use that one, or another name. */
  | 'DUPLICATE'
  /** No such file, or not yours; the link to it is not complete. Read `url` again. */
  | 'FILE_NOT_FOUND'
  /** The file is over `serverInfo.maxUploadSize`, the body longer than said, or the request over 1 MiB (with files: 100 MiB). Send less. */
  | 'FILE_TOO_LARGE'
  /** You are known, and may not do this. Do not repeat. */
  | 'FORBIDDEN'
  /** This is not GraphQL. Correct the query. */
  | 'GRAPHQL_PARSE_FAILED'
  /** The query does not fit the schema. Correct the query; see /schema.graphql. */
  | 'GRAPHQL_VALIDATION_FAILED'
  /** The server's disk is full. Try later; tell whoever runs the server. */
  | 'INSUFFICIENT_STORAGE'
  /** A bug; details are in the log only. Tell the `requestId` to whoever runs the server. */
  | 'INTERNAL_ERROR'
  /** The user name or the password is wrong. Ask the person again. */
  | 'INVALID_CREDENTIALS'
  /** This is no id of Waybill, whatever its owner. Correct the id. */
  | 'INVALID_ID'
  /** The object is in a status in which this cannot be done. Read its state again. */
  | 'INVALID_STATE'
  /** No token of this server; or its session ended, or its user is disabled. Call `login`. */
  | 'INVALID_TOKEN'
  /** A worker reports on a task that is no longer its own. Stop working on it. */
  | 'LEASE_LOST'
  /** Another request uses the same upload, or its checksum is being computed. Wait for `Retry-After`, ask with HEAD. */
  | 'LOCKED'
  /** The address does not take this method. Use one that `Allow` names. */
  | 'METHOD_NOT_ALLOWED'
  /** `Accept` names no form in which this is answered. Name one that the message tells. */
  | 'NOT_ACCEPTABLE'
  /** Nothing else of this name either; an unknown address. Correct the id or the address. */
  | 'NOT_FOUND'
  /** The bytes do not continue where the stored ones end. Ask with HEAD, go on from `Upload-Offset`. */
  | 'OFFSET_MISMATCH'
  /** Only the hash of a query was sent. Send the query itself; Apollo's link does so alone. */
  | 'PERSISTED_QUERY_NOT_FOUND'
  /** The work on the file failed. Read the job's log; `retryJob` where `isRetryable`. */
  | 'PROCESSING_FAILED'
  /** Over 3,000 tokens, 100,000 characters, 20 levels, 100 aliases, 5 passwords, 100,000 fields in full pages or 25,000 of introspection; fields or fragments repeated too often; an answer over 16 MiB. Smaller pages, several queries. */
  | 'QUERY_TOO_COMPLEX'
  /** You have as many bytes, unfinished uploads, unfinished jobs, API tokens or webhooks as one user may have; what your operations on sockets keep is too much. Finish, cancel, complete, delete or revoke some. */
  | 'QUOTA_EXCEEDED'
  /** Too many operations in a minute or a second, or open on one socket; too many failed sign-ins, or waiting. Wait for `retryAfter`; close some. */
  | 'RATE_LIMITED'
  /** The link has ended, or the file is no longer kept. Read `url` again; else run the job again. */
  | 'RESULT_EXPIRED'
  /** The job is not COMPLETED yet. Wait for COMPLETED (`jobUpdated`). */
  | 'RESULT_NOT_READY'
  /** A part of the server is not there, it is stopping, or it takes in as many uploads as it may, of all or of you. Wait for `Retry-After`, repeat. */
  | 'SERVICE_UNAVAILABLE'
  /** No such task, or not yours. Do not repeat. */
  | 'TASK_NOT_FOUND'
  /** It took longer than it may: an operation over 30 s, or work without a sign of life for 10 minutes. `retryJob`, or less at once. */
  | 'TIMED_OUT'
  /** The access token has ended. Call `refreshSession`, repeat. */
  | 'TOKEN_EXPIRED'
  /** Nobody is signed in, and somebody must be. Call `login`, send the access token. */
  | 'UNAUTHENTICATED'
  /** The archive would unpack to too much, or reaches out of itself. Pack it anew, or send plain files. */
  | 'UNSAFE_ARCHIVE'
  /** A kind of file or body that is not taken here. See `serverInfo.processors.accept`; send JSON to /graphql. */
  | 'UNSUPPORTED_TYPE'
  /** The tus client speaks another version. Speak 1.0.0 (`Tus-Version`). */
  | 'UNSUPPORTED_VERSION'
  /** The upload was not finished in time, its time as an input is over, or the disk has lost it. Create a new upload. */
  | 'UPLOAD_EXPIRED'
  /** No such upload, or not yours; the link to it is not complete. Create a new upload. */
  | 'UPLOAD_NOT_FOUND'
  /** This address may not be called. Use a public http(s) address. */
  | 'URL_NOT_ALLOWED'
  /** No such webhook, or not yours. Do not repeat. */
  | 'WEBHOOK_NOT_FOUND'
  /** The worker broke down again and again at the same place. `retryJob`; tell whoever runs the server. */
  | 'WORKER_LOST';

/** Work done by somebody else's program: it claims the task and reports. */
export type ExternalOptionsInput = {
  /** For the worker, which finds it in Task.options; at most 64 KiB as JSON. */
  options?: InputMaybe<Scalars['JSON']['input']>;
  /** Which workers: claimTask names it, too; 1 to 100 characters. */
  queue?: Scalars['String']['input'];
};

/** What one field of a sheet says. */
export type FieldValueInput = {
  /** Its label on the sheet, or the column of the student's number. */
  field: Scalars['String']['input'];
  /** What its filled bubbles stand for; empty where none is filled. */
  value: Scalars['String']['input'];
};

/** Bytes that go out: an input, a result, a report. */
export type File = Node & {
  __typename: 'File';
  /** Media type (RFC 9110, section 8.3.1). */
  contentType: Scalars['String']['output'];
  /** When it was made. */
  createdAt: Scalars['DateTime']['output'];
  /** When it will be removed, or was; null while its job is active. */
  expiresAt: Maybe<Scalars['DateTime']['output']>;
  /** `{type}-{unix seconds}-{12 hex}`, unique in the whole system. */
  id: Scalars['ID']['output'];
  /** File name, for people. */
  name: Scalars['String']['output'];
  /** What it is for. */
  role: FileRole;
  /** Hex SHA-256 of the bytes. */
  sha256: Scalars['String']['output'];
  /** Bytes. */
  size: Scalars['BigInt']['output'];
  /** Signed link for a plain GET: works in <a download>, <img>, <audio>; Range, ETag, right file name. */
  url: Scalars['String']['output'];
};

/** What a file is for. */
export type FileRole =
  /** What went in. */
  | 'INPUT'
  /** Between two stages. */
  | 'INTERMEDIATE'
  /** About what came out. */
  | 'REPORT'
  /** What came out. */
  | 'RESULT';

/** A PDF for users. */
export type Guide = {
  __typename: 'Guide';
  /** What it is saved as. */
  filename: Scalars['String']['output'];
  /** Bytes. */
  size: Scalars['BigInt']['output'];
  /** For people. */
  title: Scalars['String']['output'];
  /** Signed link for a plain GET. */
  url: Scalars['String']['output'];
};

/** A header of the client's own. */
export type HeaderInput = {
  /** Such as Authorization or Cookie. */
  name: Scalars['String']['input'];
  /** Write-only: it is stored encrypted, and never shown. */
  value: Scalars['String']['input'];
};

/** The life of an item. */
export type ItemStatus =
  /** Its job ended before its turn. */
  | 'CANCELLED'
  /** Done; see result. */
  | 'COMPLETED'
  /** See error. */
  | 'FAILED'
  /** Not begun. */
  | 'PENDING'
  /** A worker is at it, for a second or so at least: faster items are never shown so. */
  | 'PROCESSING'
  /** Not needed; see skipReason. */
  | 'SKIPPED';

/** Work that can be watched: one life cycle, one progress, one set of verbs for all three types. */
export type Job = {
  /** What its viewer may do with it now. */
  actions: Array<JobAction>;
  /** From 1; retryJob adds one. */
  attempt: Scalars['Int']['output'];
  /** What an AWAITING_INPUT job waits for: start, missingWords, or a processor's own word. */
  awaiting: Maybe<Scalars['String']['output']>;
  /** Signed link to one ZIP of inputs and results under their original names, streamed, with Range; null until COMPLETED, and when its results were removed. */
  bundleUrl: Maybe<Scalars['String']['output']>;
  /** When it was created. */
  createdAt: Scalars['DateTime']['output'];
  /** Set in the last message about a deleted job. */
  deletedAt: Maybe<Scalars['DateTime']['output']>;
  /** Why it failed. */
  error: Maybe<JobError>;
  /** The history of status and stage, oldest first, across attempts: the newest 1,000 lines. */
  events: JobEventConnection;
  /** When it will be removed with all that is its own; null while active. */
  expiresAt: Maybe<Scalars['DateTime']['output']>;
  /** The client's own key, unique per owner: creating again with the same key returns the same job. */
  externalId: Maybe<Scalars['String']['output']>;
  /** The job's own files; those of an item are at the item. */
  files: Array<File>;
  /** When it ended. */
  finishedAt: Maybe<Scalars['DateTime']['output']>;
  /** Some items failed. */
  hasFailures: Scalars['Boolean']['output'];
  /** `{type}-{unix seconds}-{12 hex}`, unique in the whole system. */
  id: Scalars['ID']['output'];
  /** Not finished: false for COMPLETED, FAILED, CANCELLED and SKIPPED, true otherwise. */
  isActive: Scalars['Boolean']['output'];
  /** Its items, by index. */
  items: JobItemConnection;
  /** Name of the processor: see serverInfo.processors. */
  kind: Scalars['String']['output'];
  /** Its log: the newest 1,000 lines. */
  logs: LogEntryConnection;
  /** Whose it is. */
  owner: User;
  /** Higher goes first. */
  priority: Scalars['Int']['output'];
  /** How far it is. */
  progress: Progress;
  /** 1 = next; null when not PENDING, and while there is a waitReason. */
  queuePosition: Maybe<Scalars['Int']['output']>;
  /** Name of the stage that it is in. */
  stage: Maybe<Scalars['String']['output']>;
  /** All stages with their progress. */
  stages: Array<Stage>;
  /** When this attempt's work began. */
  startedAt: Maybe<Scalars['DateTime']['output']>;
  /** Where it stands. */
  status: JobStatus;
  /** One sentence for people. */
  statusMessage: Scalars['String']['output'];
  /** The client's title. */
  title: Maybe<Scalars['String']['output']>;
  /** When its state last changed. */
  updatedAt: Scalars['DateTime']['output'];
  /** Its inputs. */
  uploads: UploadConnection;
  /** Grows with every change that a subscriber can see. */
  version: Scalars['Int']['output'];
  /** Why its work cannot be done at present, for no fault of its own: it goes on by itself. Null otherwise. */
  waitReason: Maybe<WaitReason>;
  /** When it is tried again at the earliest, while there is a waitReason: after 5 s, later up to 60 s. */
  waitUntil: Maybe<Scalars['DateTime']['output']>;
};


/** Work that can be watched: one life cycle, one progress, one set of verbs for all three types. */
export type JobEventsArgs = {
  after?: InputMaybe<Scalars['String']['input']>;
  before?: InputMaybe<Scalars['String']['input']>;
  first?: InputMaybe<Scalars['Int']['input']>;
  last?: InputMaybe<Scalars['Int']['input']>;
};


/** Work that can be watched: one life cycle, one progress, one set of verbs for all three types. */
export type JobFilesArgs = {
  role?: InputMaybe<FileRole>;
};


/** Work that can be watched: one life cycle, one progress, one set of verbs for all three types. */
export type JobItemsArgs = {
  after?: InputMaybe<Scalars['String']['input']>;
  before?: InputMaybe<Scalars['String']['input']>;
  first?: InputMaybe<Scalars['Int']['input']>;
  last?: InputMaybe<Scalars['Int']['input']>;
  needsReview?: InputMaybe<Scalars['Boolean']['input']>;
  offset?: InputMaybe<Scalars['Int']['input']>;
  status?: InputMaybe<ItemStatus>;
};


/** Work that can be watched: one life cycle, one progress, one set of verbs for all three types. */
export type JobLogsArgs = {
  after?: InputMaybe<Scalars['String']['input']>;
  before?: InputMaybe<Scalars['String']['input']>;
  first?: InputMaybe<Scalars['Int']['input']>;
  last?: InputMaybe<Scalars['Int']['input']>;
  minLevel?: LogLevel;
};


/** Work that can be watched: one life cycle, one progress, one set of verbs for all three types. */
export type JobUploadsArgs = {
  after?: InputMaybe<Scalars['String']['input']>;
  first?: InputMaybe<Scalars['Int']['input']>;
};

/** What may be done with a job now. */
export type JobAction =
  /** cancelJob: stop it for good; what is done stays readable. */
  | 'CANCEL'
  /** deleteJob: take it out of every list. */
  | 'DELETE'
  /** pauseJob: stop the work and keep its place. */
  | 'PAUSE'
  /** purgeJob: remove it and its bytes for good. */
  | 'PURGE'
  /** resumeJob: go on from where it was paused. */
  | 'RESUME'
  /** retryJob: do it all again. */
  | 'RETRY'
  /** retryJob with onlyFailedItems: do again what failed or was not done yet, and keep what is done; where some item has ended. */
  | 'RETRY_FAILED_ITEMS'
  /** startJob: let it go on, with what it waits for. */
  | 'START';

/** A page of a list. */
export type JobConnection = {
  __typename: 'JobConnection';
  /** The rows with their cursors. */
  edges: Array<JobEdge>;
  /** The rows. */
  nodes: Array<Job>;
  /** What lies before and after. */
  pageInfo: PageInfo;
  /** Of the whole list, at the moment at which `nodes` were read. Counted only when asked for. */
  totalCount: Scalars['Int']['output'];
};

/** One row of a page. */
export type JobEdge = {
  __typename: 'JobEdge';
  /** Goes into `after` or `before`. */
  cursor: Scalars['String']['output'];
  /** The row. */
  node: Job;
};

/** Why a job, an item or an upload failed. */
export type JobError = {
  __typename: 'JobError';
  /** When it failed. */
  at: Scalars['DateTime']['output'];
  /** What a program branches on. */
  code: ErrorCode;
  /** The same thing could succeed another time. */
  isRetryable: Scalars['Boolean']['output'];
  /** For people; no paths, no stack traces. */
  message: Scalars['String']['output'];
};

/** A change of status or stage. Ids of events and log entries are unique in the whole system, grow within a job, and are the cursors; oldest first. */
export type JobEvent = {
  __typename: 'JobEvent';
  /** When it happened. */
  at: Scalars['DateTime']['output'];
  /** In which attempt. */
  attempt: Scalars['Int']['output'];
  /** Grows within a job. */
  id: Scalars['ID']['output'];
  /** One sentence for people. */
  message: Scalars['String']['output'];
  /** The new stage. */
  stage: Maybe<Scalars['String']['output']>;
  /** The new status. */
  status: JobStatus;
};

/** A page of a list. */
export type JobEventConnection = {
  __typename: 'JobEventConnection';
  /** The rows with their cursors. */
  edges: Array<JobEventEdge>;
  /** The rows. */
  nodes: Array<JobEvent>;
  /** What lies before and after. */
  pageInfo: PageInfo;
  /** Of the whole list, at the moment at which `nodes` were read. Counted only when asked for. */
  totalCount: Scalars['Int']['output'];
};

/** One row of a page. */
export type JobEventEdge = {
  __typename: 'JobEventEdge';
  /** Goes into `after` or `before`. */
  cursor: Scalars['String']['output'];
  /** The row. */
  node: JobEvent;
};

/** Which jobs: every criterion that is given must hold. */
export type JobFilter = {
  /** Created then or later. */
  createdAfter?: InputMaybe<Scalars['DateTime']['input']>;
  /** Created before then. */
  createdBefore?: InputMaybe<Scalars['DateTime']['input']>;
  /** Any of these keys of the client's own, letter for letter; at most 100. */
  externalIds?: InputMaybe<Array<Scalars['String']['input']>>;
  /** At most 500. */
  ids?: InputMaybe<Array<Scalars['ID']['input']>>;
  /** True: only jobs that are not finished. */
  isActive?: InputMaybe<Scalars['Boolean']['input']>;
  /** Any of these kinds. */
  kinds?: InputMaybe<Array<Scalars['String']['input']>>;
  /** Admins only; everyone else sees their own and nothing else. */
  ownerId?: InputMaybe<Scalars['ID']['input']>;
  /** The business number. */
  reference?: InputMaybe<Scalars['String']['input']>;
  /** Case-insensitive part of the title or of an upload's file name. */
  search?: InputMaybe<Scalars['String']['input']>;
  /** Any of these statuses. */
  statuses?: InputMaybe<Array<JobStatus>>;
  /** Any of these types. */
  types?: InputMaybe<Array<JobType>>;
};

/** A lead, a sheet, an audio file, a downloaded file: own status, error and result. */
export type JobItem = Node & {
  __typename: 'JobItem';
  /** The attempt that gave it its present state. */
  attempt: Scalars['Int']['output'];
  /** Why it failed. */
  error: Maybe<JobError>;
  /** Results of this item: a sheet's picture and thumbnail, a downloaded file. */
  files: Array<File>;
  /** `{type}-{unix seconds}-{12 hex}`, unique in the whole system. */
  id: Scalars['ID']['output'];
  /** From 0, in the order of the input. */
  index: Scalars['Int']['output'];
  /** A sheet's file name, a row's number, a downloaded file's name. */
  name: Scalars['String']['output'];
  /** A person should look at it: low confidence, doubtful marks. False again after reviewItem. */
  needsReview: Scalars['Boolean']['output'];
  /** Bytes so far, if it is a file. */
  processedBytes: Maybe<Scalars['BigInt']['output']>;
  /** What came of it; its shape is the processor's. */
  result: Maybe<Scalars['JSON']['output']>;
  /** When a person last reviewed it. */
  reviewedAt: Maybe<Scalars['DateTime']['output']>;
  /** Who last reviewed it. */
  reviewedBy: Maybe<User>;
  /** Bytes, if it is a file. */
  size: Maybe<Scalars['BigInt']['output']>;
  /** Why it was not needed. */
  skipReason: Maybe<Scalars['String']['output']>;
  /** Where it stands. */
  status: ItemStatus;
  /** When its state last changed. */
  updatedAt: Scalars['DateTime']['output'];
  /** Where it came from, if it was fetched. */
  url: Maybe<Scalars['String']['output']>;
};

/** A page of a list. */
export type JobItemConnection = {
  __typename: 'JobItemConnection';
  /** The rows with their cursors. */
  edges: Array<JobItemEdge>;
  /** The rows. */
  nodes: Array<JobItem>;
  /** What lies before and after. */
  pageInfo: PageInfo;
  /** Of the whole list, at the moment at which `nodes` were read. Counted only when asked for. */
  totalCount: Scalars['Int']['output'];
};

/** One row of a page. */
export type JobItemEdge = {
  __typename: 'JobItemEdge';
  /** Goes into `after` or `before`. */
  cursor: Scalars['String']['output'];
  /** The row. */
  node: JobItem;
};

/** The order of a list of jobs. */
export type JobOrder = {
  /** Which end comes first. */
  direction?: OrderDirection;
  /** What counts first. */
  field?: JobOrderField;
};

/** What a list of jobs is ordered by. */
export type JobOrderField =
  /** The moment of creation. */
  | 'CREATED_AT'
  /** The priority, from -100 to 100. */
  | 'PRIORITY'
  /** The status, in alphabetical order of its name. */
  | 'STATUS'
  /** The title, an empty one where there is none. */
  | 'TITLE'
  /** The moment of the last change of its state. */
  | 'UPDATED_AT';

/** The life of a job, the same for every type and kind. `stage` tells what happens inside PROCESSING. */
export type JobStatus =
  /** Parked until its owner calls startJob. */
  | 'AWAITING_INPUT'
  /** The work has stopped. */
  | 'CANCELLED'
  /** Asked to stop; the work has not stopped yet. */
  | 'CANCELLING'
  /** Done; its files are there. See hasFailures. */
  | 'COMPLETED'
  /** Ended by an error; see error. */
  | 'FAILED'
  /** Stopped by its owner; goes on from there. */
  | 'PAUSED'
  /** Waits for a free worker. */
  | 'PENDING'
  /** A worker is at it. */
  | 'PROCESSING'
  /** Not done because it was already done: see skipReason. */
  | 'SKIPPED'
  /** All bytes are in; queued next, in the same transaction, unless it waits for its owner. */
  | 'UPLOADED'
  /** Some of its uploads still miss bytes. */
  | 'UPLOADING';

/** The three types of job. */
export type JobType =
  /** Many alike items. */
  | 'BATCH'
  /** What one URL leads to. */
  | 'DOWNLOAD'
  /** One result from one or a few files. */
  | 'TASK';

/** How a file of leads is read. */
export type LeadsOptionsInput = {
  /** Rows in one slice: 1 to 10,000. */
  batchSize?: Scalars['Int']['input'];
  /** Which column holds which field; found from the header row where left out. */
  columns?: InputMaybe<Scalars['JSON']['input']>;
  /** ISO 3166-1 alpha-2: where phone numbers without a country code belong, if no column tells. */
  country?: InputMaybe<Scalars['String']['input']>;
  /** LOCAL_RULES: fixed rules alone; HTTP: then the endpoint that the operator has set up. */
  enrich?: EnrichStep;
  /** Name of the sheet; the first with a table if left out. */
  sheet?: InputMaybe<Scalars['String']['input']>;
};

/** One line of a job's log. */
export type LogEntry = {
  __typename: 'LogEntry';
  /** When it was written. */
  at: Scalars['DateTime']['output'];
  /** Grows within a job. */
  id: Scalars['ID']['output'];
  /** Whose log. */
  jobId: Maybe<Scalars['ID']['output']>;
  /** How much it matters. */
  level: LogLevel;
  /** For people; at most 2,000 characters. */
  message: Scalars['String']['output'];
};

/** A page of a list. */
export type LogEntryConnection = {
  __typename: 'LogEntryConnection';
  /** The rows with their cursors. */
  edges: Array<LogEntryEdge>;
  /** The rows. */
  nodes: Array<LogEntry>;
  /** What lies before and after. */
  pageInfo: PageInfo;
  /** Of the whole list, at the moment at which `nodes` were read. Counted only when asked for. */
  totalCount: Scalars['Int']['output'];
};

/** One row of a page. */
export type LogEntryEdge = {
  __typename: 'LogEntryEdge';
  /** Goes into `after` or `before`. */
  cursor: Scalars['String']['output'];
  /** The row. */
  node: LogEntry;
};

/** How much a log line matters. */
export type LogLevel =
  /** For authors of processors. */
  | 'DEBUG'
  /** What went wrong. */
  | 'ERROR'
  /** What happens. */
  | 'INFO'
  /** What went well. */
  | 'SUCCESS'
  /** What a person might look at. */
  | 'WARNING';

/** A word that no dictionary has; how it is pronounced was guessed. */
export type MissingWord = {
  __typename: 'MissingWord';
  /** How often it comes in the transcripts. */
  count: Scalars['Int']['output'];
  /** ARPAbet, space separated, for English; the phones of its model for other languages. */
  suggestion: Scalars['String']['output'];
  /** As it was looked up: lower case, at most 100 characters. */
  word: Scalars['String']['output'];
};

/** What can be changed. */
export type Mutation = {
  __typename: 'Mutation';
  /** CANCELLING at once, CANCELLED when the work has stopped; again = the same answer; CANNOT_CANCEL when finished. */
  cancelJob: Job;
  /** Stops the active jobs that match, the oldest 1,000 at most. An empty filter is BAD_INPUT. */
  cancelJobs: Array<Job>;
  /** Give yourself another password; your other sessions end. */
  changePassword: User;
  /** Workers only: takes the next waiting external task, or the one that `id` names, under a lease; null where none waits. */
  claimTask: Maybe<Task>;
  /** For programs: a bearer token of the caller's own rights. */
  createApiToken: ApiToken;
  /** Work over many alike items; starts when its uploads are complete. */
  createBatch: Batch;
  /** Work on one or a few files, with one result; starts when its uploads are complete. */
  createTask: Task;
  /** Announce a file; then send its bytes to `url` with any tus client. */
  createUpload: Upload;
  /** Admins only. A name that is taken is DUPLICATE. */
  createUser: User;
  /** Have an address told of your jobs, by signed messages (Standard Webhooks); events are task.completed, task.failed, batch.completed, batch.failed, download.completed, download.failed, download.skipped and job.cancelled. */
  createWebhook: Webhook;
  /** Soft: nobody finds it any more; batches need ADMIN; an active job is INVALID_STATE. Its disk is freed when its time is over as if it were there: inputs 7 days after its end, results 30, the rest 90, unless the server is set otherwise; `purgeJob` frees it at once. */
  deleteJob: Scalars['ID']['output'];
  /** Remove an upload and its bytes; jobs that wait for it fail. */
  deleteUpload: Scalars['ID']['output'];
  /** Remove a webhook with its deliveries. */
  deleteWebhook: Scalars['ID']['output'];
  /** Sign in with a user name and a password. */
  login: Session;
  /** End this session: its tokens are refused. */
  logout: Scalars['Boolean']['output'];
  /** Stops the work and keeps what is done; CANNOT_PAUSE where it neither waits nor runs. */
  pauseJob: Job;
  /** Admins only: when this answers, its bytes are gone from the disk and its rows from the database, with names, sizes and checksums of inputs that no other job uses; the audit entries stay. Bytes that somebody is still sending go within seconds. */
  purgeJob: Scalars['ID']['output'];
  /** New tokens for a refresh token. */
  refreshSession: Session;
  /** Workers only: progress, result or failure; each call renews the lease. */
  reportTask: Task;
  /** Goes on from where it was; CANNOT_RESUME where it is not paused. */
  resumeJob: Job;
  /** Only FAILED or CANCELLED jobs, or COMPLETED ones with failures; keeps what succeeded when onlyFailedItems. What would fail again in the same way is CANNOT_RETRY: see error.isRetryable of the job and of its items. */
  retryJob: Job;
  /** Say what is right where an item was doubtful, or that it is right as it is: it is done again with that, and the results of its job are written anew, as another attempt. INVALID_STATE until the job has ended; BAD_INPUT for kinds without reviews. */
  reviewItem: JobItem;
  /** End an API token; sockets that were opened with it are closed. */
  revokeApiToken: Scalars['ID']['output'];
  /** Come in without an account; FORBIDDEN unless serverInfo.isAnonymousAllowed. */
  startAnonymousSession: Session;
  /** Have the server fetch what URLs lead to: one answer per URL, in their order; a bad one does not stop the others. */
  startDownloads: Array<DownloadStart>;
  /** Let a job that is AWAITING_INPUT go on; CANNOT_START otherwise. */
  startJob: Job;
  /** Sends webhook.test now, once, and answers what came of it within 15 s; works for a disabled one, too. */
  testWebhook: WebhookDelivery;
  /** Another title, another place in the queue; of a download another bandwidth, or a fresh link. */
  updateJob: Job;
  /** Admins only; a disabled user's tokens and sockets end at once. What is left out stays as it is. */
  updateUser: User;
  /** What is left out stays as it is. What waited for a webhook that is disabled is not sent any more. */
  updateWebhook: Webhook;
  /** For small files, without a tus client: at most 100 MiB in one request. */
  uploadFile: Upload;
};


/** What can be changed. */
export type MutationCancelJobArgs = {
  id: Scalars['ID']['input'];
};


/** What can be changed. */
export type MutationCancelJobsArgs = {
  filter: JobFilter;
};


/** What can be changed. */
export type MutationChangePasswordArgs = {
  current: Scalars['String']['input'];
  new: Scalars['String']['input'];
};


/** What can be changed. */
export type MutationClaimTaskArgs = {
  id?: InputMaybe<Scalars['ID']['input']>;
  leaseSeconds?: Scalars['Int']['input'];
  queue?: Scalars['String']['input'];
};


/** What can be changed. */
export type MutationCreateApiTokenArgs = {
  expiresAt?: InputMaybe<Scalars['DateTime']['input']>;
  name: Scalars['String']['input'];
};


/** What can be changed. */
export type MutationCreateBatchArgs = {
  input: CreateBatchInput;
};


/** What can be changed. */
export type MutationCreateTaskArgs = {
  input: CreateTaskInput;
};


/** What can be changed. */
export type MutationCreateUploadArgs = {
  input: CreateUploadInput;
};


/** What can be changed. */
export type MutationCreateUserArgs = {
  password: Scalars['String']['input'];
  role?: Role;
  username: Scalars['String']['input'];
};


/** What can be changed. */
export type MutationCreateWebhookArgs = {
  events: Array<Scalars['String']['input']>;
  url: Scalars['String']['input'];
};


/** What can be changed. */
export type MutationDeleteJobArgs = {
  id: Scalars['ID']['input'];
};


/** What can be changed. */
export type MutationDeleteUploadArgs = {
  id: Scalars['ID']['input'];
};


/** What can be changed. */
export type MutationDeleteWebhookArgs = {
  id: Scalars['ID']['input'];
};


/** What can be changed. */
export type MutationLoginArgs = {
  password: Scalars['String']['input'];
  username: Scalars['String']['input'];
};


/** What can be changed. */
export type MutationPauseJobArgs = {
  id: Scalars['ID']['input'];
};


/** What can be changed. */
export type MutationPurgeJobArgs = {
  id: Scalars['ID']['input'];
};


/** What can be changed. */
export type MutationRefreshSessionArgs = {
  refreshToken: Scalars['String']['input'];
};


/** What can be changed. */
export type MutationReportTaskArgs = {
  id: Scalars['ID']['input'];
  input: ReportTaskInput;
  leaseId: Scalars['ID']['input'];
};


/** What can be changed. */
export type MutationResumeJobArgs = {
  id: Scalars['ID']['input'];
};


/** What can be changed. */
export type MutationRetryJobArgs = {
  id: Scalars['ID']['input'];
  onlyFailedItems?: Scalars['Boolean']['input'];
};


/** What can be changed. */
export type MutationReviewItemArgs = {
  id: Scalars['ID']['input'];
  input: ReviewItemInput;
};


/** What can be changed. */
export type MutationRevokeApiTokenArgs = {
  id: Scalars['ID']['input'];
};


/** What can be changed. */
export type MutationStartDownloadsArgs = {
  input: StartDownloadsInput;
};


/** What can be changed. */
export type MutationStartJobArgs = {
  id: Scalars['ID']['input'];
  input?: InputMaybe<StartJobInput>;
};


/** What can be changed. */
export type MutationTestWebhookArgs = {
  id: Scalars['ID']['input'];
};


/** What can be changed. */
export type MutationUpdateJobArgs = {
  id: Scalars['ID']['input'];
  input: UpdateJobInput;
};


/** What can be changed. */
export type MutationUpdateUserArgs = {
  id: Scalars['ID']['input'];
  isDisabled?: InputMaybe<Scalars['Boolean']['input']>;
  password?: InputMaybe<Scalars['String']['input']>;
  role?: InputMaybe<Role>;
};


/** What can be changed. */
export type MutationUpdateWebhookArgs = {
  events?: InputMaybe<Array<Scalars['String']['input']>>;
  id: Scalars['ID']['input'];
  isEnabled?: InputMaybe<Scalars['Boolean']['input']>;
  newSecret?: Scalars['Boolean']['input'];
  url?: InputMaybe<Scalars['String']['input']>;
};


/** What can be changed. */
export type MutationUploadFileArgs = {
  file: Scalars['FileUpload']['input'];
};

/** Anything with an id; `node(id:)` reads its type from the id. */
export type Node = {
  /** `{type}-{unix seconds}-{12 hex}`, unique in the whole system. */
  id: Scalars['ID']['output'];
};

/** How answer sheets are read. */
export type OmrOptionsInput = {
  /** Right answers by field, with points. */
  answerKey?: InputMaybe<Scalars['JSON']['input']>;
  /** Name of the file or ZIP entry whose sheet is the key. */
  keySheet?: InputMaybe<Scalars['String']['input']>;
  /** 8 digits; required unless ZIP_WITH_QR. */
  reference?: InputMaybe<Scalars['String']['input']>;
  /** A CSV or workbook among the uploads with the columns id and name. */
  rosterUploadId?: InputMaybe<Scalars['ID']['input']>;
  /** ZIP_WITH_QR and ZIP_WITHOUT_QR: archives, PDF or TIFF files; IMAGES: single pictures, PDF or TIFF files. */
  strategy: SheetStrategy;
  /** The layout of the sheet; the built-in one where left out. */
  template?: InputMaybe<Scalars['JSON']['input']>;
};

/** What becomes of a file that you have already. */
export type OnDuplicate =
  /** It is fetched again. */
  | 'DOWNLOAD'
  /** It is left out, and its skipReason says so. */
  | 'SKIP';

/** Which end comes first. */
export type OrderDirection =
  /** Smallest first. */
  | 'ASC'
  /** Largest first. */
  | 'DESC';

/** Where a page lies in its list. */
export type PageInfo = {
  __typename: 'PageInfo';
  /** Cursor of the last row; null for an empty page. */
  endCursor: Maybe<Scalars['String']['output']>;
  /** There is more after this page. */
  hasNextPage: Scalars['Boolean']['output'];
  /** There is more before this page. */
  hasPreviousPage: Scalars['Boolean']['output'];
  /** Cursor of the first row; null for an empty page. */
  startCursor: Maybe<Scalars['String']['output']>;
};

/** A file that a URL leads to. */
export type PlannedFile = {
  __typename: 'PlannedFile';
  /** Media type, where its server says it; null otherwise. */
  contentType: Maybe<Scalars['String']['output']>;
  /** What it would be called. */
  name: Scalars['String']['output'];
  /** Why not; null where it would be. */
  reason: Maybe<Scalars['String']['output']>;
  /** Bytes, where its server says it; null otherwise. */
  size: Maybe<Scalars['BigInt']['output']>;
  /** Where it lies, without credentials. */
  url: Scalars['String']['output'];
  /** Whether it would be fetched. */
  willDownload: Scalars['Boolean']['output'];
};

/** A point of a picture. */
export type PointInput = {
  /** Pixels from the left. */
  x: Scalars['Float']['input'];
  /** Pixels from the top. */
  y: Scalars['Float']['input'];
};

/** One kind of work. */
export type ProcessorInfo = {
  __typename: 'ProcessorInfo';
  /** File name endings that it takes; empty = any file. */
  accept: Array<Scalars['String']['output']>;
  /** What it does. */
  description: Scalars['String']['output'];
  /** Its name. */
  kind: Scalars['String']['output'];
  /** BCP 47; empty where language does not matter. */
  languages: Array<Scalars['String']['output']>;
  /** Uploads that one job may have. */
  maxFiles: Scalars['Int']['output'];
  /** JSON Schema of its options. */
  optionsSchema: Scalars['JSON']['output'];
  /** Names of its stages in order. */
  stages: Array<Scalars['String']['output']>;
  /** The type of its jobs. */
  type: JobType;
};

/** How far a job is, computed by the server from what is committed. */
export type Progress = {
  __typename: 'Progress';
  /** Moving average; null when nothing moves. */
  bytesPerSecond: Maybe<Scalars['Float']['output']>;
  /**
   * Slices that are done.
   * @deprecated A batch is a job; use completedSlices.
   */
  completedBatches: Scalars['Int']['output'];
  /** Slices that are done. */
  completedSlices: Scalars['Int']['output'];
  /** When it will be done, by the rate so far; null while nothing moves. */
  estimatedCompletion: Maybe<Scalars['DateTime']['output']>;
  /** Seconds until it is done, by the rate so far; null while nothing moves. */
  etaSeconds: Maybe<Scalars['Float']['output']>;
  /** Items that failed. */
  failedItems: Scalars['Int']['output'];
  /** 0 to 100, two decimals; never falls within one attempt; 100 only when COMPLETED. */
  percentage: Scalars['Float']['output'];
  /** Those of them that are here. */
  processedBytes: Scalars['BigInt']['output'];
  /** Completed + failed + skipped. */
  processedItems: Scalars['Int']['output'];
  /** Items that were not needed. */
  skippedItems: Scalars['Int']['output'];
  /**
   * The slices that workers take (a leads file of 100 in slices of 10 has 10).
   * @deprecated A batch is a job; use totalSlices.
   */
  totalBatches: Maybe<Scalars['Int']['output']>;
  /** Bytes of the inputs, or of a download's files; null while one is unknown. */
  totalBytes: Maybe<Scalars['BigInt']['output']>;
  /** Null until known. Leads, sheets, audio files, downloaded files. */
  totalItems: Maybe<Scalars['Int']['output']>;
  /** Slices that workers take (a leads file of 100 in slices of 10 has 10); null until known. */
  totalSlices: Maybe<Scalars['Int']['output']>;
};

/** Which proxy a download goes through. */
export type ProxyMode =
  /** The one in proxyUrl, where the operator allows it. */
  | 'CUSTOM'
  /** The hosts are asked directly. */
  | 'NONE'
  /** The one that the server's environment names. */
  | 'SYSTEM';

/** What can be read. */
export type Query = {
  __typename: 'Query';
  /** Your own API tokens that were not revoked, newest first. */
  apiTokens: Array<ApiToken>;
  /** Admins only. Newest first, of one object or of all; `after` goes on to older ones; `first` is at most 100. */
  auditLog: Array<AuditEntry>;
  /** One batch. */
  batch: Maybe<Batch>;
  /** Your batches, newest first. */
  batches: BatchConnection;
  /** One download. */
  download: Maybe<Download>;
  /** Your downloads, newest first. */
  downloads: DownloadConnection;
  /** PDFs for users, by their names. */
  guides: Array<Guide>;
  /** One job of any type. */
  job: Maybe<Job>;
  /** Your jobs of all types, newest first. */
  jobs: JobConnection;
  /** What is left of your operations; empty when you are not limited. */
  limits: Array<RateLimit>;
  /** Any object by its id. */
  node: Maybe<Node>;
  /** Up to 100 objects by their ids; null for each that does not exist for you. */
  nodes: Array<Maybe<Node>>;
  /** The files that would be fetched, those that would not and why; nothing is transferred or stored. At most 1,000 files, of which the servers of the first 40 are asked: of the others type and size may be null. */
  planDownload: Array<PlannedFile>;
  /** What the server is and can do. Readable without signing in. */
  serverInfo: ServerInfo;
  /** Counts of your jobs (an admin's: of everybody's) that match. */
  statistics: Statistics;
  /** One task. */
  task: Maybe<Task>;
  /** Your tasks, newest first. */
  tasks: TaskConnection;
  /** One upload. */
  upload: Maybe<Upload>;
  /** Your uploads, newest first. */
  uploads: UploadConnection;
  /** Admins only. All users, oldest first; `first` is at most 100. */
  users: Array<User>;
  /** Who you are; null when not signed in. */
  viewer: Maybe<User>;
  /** Your own webhooks, newest first. */
  webhooks: Array<Webhook>;
};


/** What can be read. */
export type QueryAuditLogArgs = {
  after?: InputMaybe<Scalars['ID']['input']>;
  first?: Scalars['Int']['input'];
  objectId?: InputMaybe<Scalars['ID']['input']>;
};


/** What can be read. */
export type QueryBatchArgs = {
  id: Scalars['ID']['input'];
};


/** What can be read. */
export type QueryBatchesArgs = {
  after?: InputMaybe<Scalars['String']['input']>;
  before?: InputMaybe<Scalars['String']['input']>;
  filter?: InputMaybe<JobFilter>;
  first?: InputMaybe<Scalars['Int']['input']>;
  last?: InputMaybe<Scalars['Int']['input']>;
  offset?: InputMaybe<Scalars['Int']['input']>;
  orderBy?: InputMaybe<JobOrder>;
};


/** What can be read. */
export type QueryDownloadArgs = {
  id: Scalars['ID']['input'];
};


/** What can be read. */
export type QueryDownloadsArgs = {
  after?: InputMaybe<Scalars['String']['input']>;
  before?: InputMaybe<Scalars['String']['input']>;
  filter?: InputMaybe<JobFilter>;
  first?: InputMaybe<Scalars['Int']['input']>;
  last?: InputMaybe<Scalars['Int']['input']>;
  offset?: InputMaybe<Scalars['Int']['input']>;
  orderBy?: InputMaybe<JobOrder>;
};


/** What can be read. */
export type QueryJobArgs = {
  id: Scalars['ID']['input'];
};


/** What can be read. */
export type QueryJobsArgs = {
  after?: InputMaybe<Scalars['String']['input']>;
  before?: InputMaybe<Scalars['String']['input']>;
  filter?: InputMaybe<JobFilter>;
  first?: InputMaybe<Scalars['Int']['input']>;
  last?: InputMaybe<Scalars['Int']['input']>;
  offset?: InputMaybe<Scalars['Int']['input']>;
  orderBy?: InputMaybe<JobOrder>;
};


/** What can be read. */
export type QueryNodeArgs = {
  id: Scalars['ID']['input'];
};


/** What can be read. */
export type QueryNodesArgs = {
  ids: Array<Scalars['ID']['input']>;
};


/** What can be read. */
export type QueryPlanDownloadArgs = {
  options?: InputMaybe<DownloadOptionsInput>;
  url: Scalars['String']['input'];
};


/** What can be read. */
export type QueryStatisticsArgs = {
  filter?: InputMaybe<JobFilter>;
};


/** What can be read. */
export type QueryTaskArgs = {
  id: Scalars['ID']['input'];
};


/** What can be read. */
export type QueryTasksArgs = {
  after?: InputMaybe<Scalars['String']['input']>;
  before?: InputMaybe<Scalars['String']['input']>;
  filter?: InputMaybe<JobFilter>;
  first?: InputMaybe<Scalars['Int']['input']>;
  last?: InputMaybe<Scalars['Int']['input']>;
  offset?: InputMaybe<Scalars['Int']['input']>;
  orderBy?: InputMaybe<JobOrder>;
};


/** What can be read. */
export type QueryUploadArgs = {
  id: Scalars['ID']['input'];
};


/** What can be read. */
export type QueryUploadsArgs = {
  after?: InputMaybe<Scalars['String']['input']>;
  before?: InputMaybe<Scalars['String']['input']>;
  externalIds?: InputMaybe<Array<Scalars['String']['input']>>;
  first?: InputMaybe<Scalars['Int']['input']>;
  last?: InputMaybe<Scalars['Int']['input']>;
  offset?: InputMaybe<Scalars['Int']['input']>;
  statuses?: InputMaybe<Array<UploadStatus>>;
};


/** What can be read. */
export type QueryUsersArgs = {
  first?: Scalars['Int']['input'];
  offset?: Scalars['Int']['input'];
  search?: InputMaybe<Scalars['String']['input']>;
};

/** What is left of one limit of GraphQL operations. */
export type RateLimit = {
  __typename: 'RateLimit';
  /** Operations in that time. */
  limit: Scalars['Int']['output'];
  /** minute or second. */
  name: Scalars['String']['output'];
  /** Operations that are left of them. */
  remaining: Scalars['Int']['output'];
  /** When all of them are there again. */
  resetAt: Scalars['DateTime']['output'];
};

/** What a worker says about a task. */
export type ReportStatus =
  /** The work has stopped, as was asked. */
  | 'CANCELLED'
  /** It is done; the results come with it. */
  | 'COMPLETED'
  /** It could not be done; see errorMessage. */
  | 'FAILED'
  /** It is being done. */
  | 'PROCESSING';

/** What a worker says about its task; what is left out stays. No number falls. */
export type ReportTaskInput = {
  /** With FAILED: why, for people; at most 2,000 characters. */
  errorMessage?: InputMaybe<Scalars['String']['input']>;
  /** How many failed. */
  failedItems?: InputMaybe<Scalars['Int']['input']>;
  /** With FAILED: whether the same task could succeed another time. */
  isRetryable?: InputMaybe<Scalars['Boolean']['input']>;
  /** A line for the task's log; at most 2,000 characters. */
  message?: InputMaybe<Scalars['String']['input']>;
  /** 0 to 100; found from the items where left out. */
  percentage?: InputMaybe<Scalars['Float']['input']>;
  /** How many are done, failed ones included. */
  processedItems?: InputMaybe<Scalars['Int']['input']>;
  /** Uploads that hold the results; set with COMPLETED. They pass to the task's owner. */
  resultUploadIds?: InputMaybe<Array<Scalars['ID']['input']>>;
  /** The worker's own word; at most 100 characters. */
  stage?: InputMaybe<Scalars['String']['input']>;
  /** How it stands. */
  status?: ReportStatus;
  /** How many there are. */
  totalItems?: InputMaybe<Scalars['Int']['input']>;
};

/** What a person says about an item; without values and corners: it was read rightly. */
export type ReviewItemInput = {
  /** Sheets: the four corner marks in pixels of the picture, clockwise from the top left of the sheet; the sheet is read again. */
  corners?: InputMaybe<Array<PointInput>>;
  /** Sheets: the fields that were read wrongly or not at all. */
  values?: Array<FieldValueInput>;
};

/** What a user may do. */
export type Role =
  /** Reaches everything. */
  | 'ADMIN'
  /** Reaches their own objects. */
  | 'USER'
  /** Claims tasks and reports on them. */
  | 'WORKER';

/** What the server is and can do. Readable without signing in. */
export type ServerInfo = {
  __typename: 'ServerInfo';
  /** startAnonymousSession works. */
  isAnonymousAllowed: Scalars['Boolean']['output'];
  /** Bytes. */
  maxUploadSize: Scalars['BigInt']['output'];
  /** Whose tokens are taken besides our own. */
  oidcIssuer: Maybe<Scalars['String']['output']>;
  /** What can be done. */
  processors: Array<ProcessorInfo>;
  /** Bytes. Below the body limit of common proxies: 50 MB by default. */
  recommendedChunkSize: Scalars['BigInt']['output'];
  /** waybill */
  service: Scalars['String']['output'];
  /** Where tus clients create uploads. */
  tusEndpoint: Scalars['String']['output'];
  /** Semantic version. */
  version: Scalars['String']['output'];
};

/** Signed in: the two tokens and who they belong to. */
export type Session = {
  __typename: 'Session';
  /** JWT, lives 30 minutes by default. */
  accessToken: Scalars['String']['output'];
  /** When the access token ends. */
  expiresAt: Scalars['DateTime']['output'];
  /** When the refresh token ends. */
  refreshExpiresAt: Scalars['DateTime']['output'];
  /** Shown once, in this answer, and kept as a hash; lost: call login. Single use: each refresh returns a new one. Again within 30 s returns the same successor (two tabs, a lost answer); later it revokes the whole family. */
  refreshToken: Scalars['String']['output'];
  /** Who signed in. */
  user: User;
};

/** Where answer sheets lie, and where their reference comes from. */
export type SheetStrategy =
  /** Single pictures or documents; the reference is given. */
  | 'IMAGES'
  /** Archives or documents; the reference is given. */
  | 'ZIP_WITHOUT_QR'
  /** Archives or documents; the reference is read from the QR code of the first sheet. */
  | 'ZIP_WITH_QR';

/** One part of a job's work. */
export type Stage = {
  __typename: 'Stage';
  /** For people. */
  label: Scalars['String']['output'];
  /** For programs; see serverInfo.processors. */
  name: Scalars['String']['output'];
  /** 0 to 100 of this stage alone. */
  percentage: Scalars['Float']['output'];
  /** Where it stands. */
  status: ItemStatus;
};

/** What is to be fetched. */
export type StartDownloadsInput = {
  /** The client's own key: starting again with the same key returns the same download. With several URLs the position is appended: key/0, key/1 …; at most 255 characters with it. */
  externalId?: InputMaybe<Scalars['String']['input']>;
  /** The same for all of them. */
  options?: InputMaybe<DownloadOptionsInput>;
  /** Higher goes first; -100 to 100. */
  priority?: Scalars['Int']['input'];
  /** For people, of each; at most 500 characters. */
  title?: InputMaybe<Scalars['String']['input']>;
  /** 1 to 1,000, http or https; each becomes a download of its own. */
  urls: Array<Scalars['String']['input']>;
};

/** For a job in AWAITING_INPUT: more uploads, changed options. */
export type StartJobInput = {
  /** More inputs. */
  addUploadIds?: Array<Scalars['ID']['input']>;
  /** Options that replace those of the same name; all together stay within what createTask takes. */
  options?: InputMaybe<Scalars['JSON']['input']>;
};

/** Counts of the jobs that match a filter. */
export type Statistics = {
  __typename: 'Statistics';
  /** From the begin of work to the end, of the completed jobs; null where there are none. */
  averageRunSeconds: Maybe<Scalars['Float']['output']>;
  /** Without the statuses that no job has. */
  byStatus: Array<StatusCount>;
  /** Oldest first: from the first day on which anything happened to the last, of the newest 90 days. */
  perDay: Array<DayCount>;
  /** Completed / (completed + failed), 0 to 1. */
  successRate: Maybe<Scalars['Float']['output']>;
  /** Jobs in all. */
  total: Scalars['Int']['output'];
};

/** How many jobs are in one status. */
export type StatusCount = {
  __typename: 'StatusCount';
  /** Jobs in it now. */
  count: Scalars['Int']['output'];
  /** The status. */
  status: JobStatus;
};

/** What can be watched. */
export type Subscription = {
  __typename: 'Subscription';
  /** As jobUpdated, for a batch. Changes of status come at once, progress at most maxPerSecond times a second (0.1 to 20). */
  batchUpdated: Batch;
  /** As jobUpdated, for a download. Changes of status come at once, progress at most maxPerSecond times a second (0.1 to 20). */
  downloadUpdated: Download;
  /** The present state at once, then each change; ends by itself when the job is finished. Changes of status come at once, progress at most maxPerSecond times a second (0.1 to 20). */
  jobUpdated: Job;
  /** Every visible job that matches; one subscription serves a whole page. Starts with the active ones, and with `endedSince` also with those that ended since. Also sends a job whose last change made it stop matching, or deleted it. maxPerSecond is per job. */
  jobsUpdated: Job;
  /** With `after` (needs jobId): from there on, without a hole, then live; new lines only when it is left out. */
  logs: LogEntry;
  /** As jobUpdated, for a task. Changes of status come at once, progress at most maxPerSecond times a second (0.1 to 20). */
  taskUpdated: Task;
  /** The present state at once, then each change; ends with the upload. Changes of status come at once, progress at most maxPerSecond times a second (0.1 to 20). */
  uploadUpdated: Upload;
};


/** What can be watched. */
export type SubscriptionBatchUpdatedArgs = {
  id: Scalars['ID']['input'];
  maxPerSecond?: Scalars['Float']['input'];
};


/** What can be watched. */
export type SubscriptionDownloadUpdatedArgs = {
  id: Scalars['ID']['input'];
  maxPerSecond?: Scalars['Float']['input'];
};


/** What can be watched. */
export type SubscriptionJobUpdatedArgs = {
  id: Scalars['ID']['input'];
  maxPerSecond?: Scalars['Float']['input'];
};


/** What can be watched. */
export type SubscriptionJobsUpdatedArgs = {
  endedSince?: InputMaybe<Scalars['DateTime']['input']>;
  filter?: InputMaybe<JobFilter>;
  maxPerSecond?: Scalars['Float']['input'];
};


/** What can be watched. */
export type SubscriptionLogsArgs = {
  after?: InputMaybe<Scalars['ID']['input']>;
  jobId?: InputMaybe<Scalars['ID']['input']>;
  minLevel?: LogLevel;
};


/** What can be watched. */
export type SubscriptionTaskUpdatedArgs = {
  id: Scalars['ID']['input'];
  maxPerSecond?: Scalars['Float']['input'];
};


/** What can be watched. */
export type SubscriptionUploadUpdatedArgs = {
  id: Scalars['ID']['input'];
  maxPerSecond?: Scalars['Float']['input'];
};

/** One piece of work on one or a few files, with one result. */
export type Task = Job & Node & {
  __typename: 'Task';
  /** What its viewer may do with it now. */
  actions: Array<JobAction>;
  /** Null unless kind is alignment, and until the words are counted. */
  alignment: Maybe<Alignment>;
  /** From 1; retryJob adds one. */
  attempt: Scalars['Int']['output'];
  /** What an AWAITING_INPUT job waits for: start, missingWords, or a processor's own word. */
  awaiting: Maybe<Scalars['String']['output']>;
  /** Signed link to one ZIP of inputs and results under their original names, streamed, with Range; null until COMPLETED, and when its results were removed. */
  bundleUrl: Maybe<Scalars['String']['output']>;
  /** What it has cost so far, in the operator's money: minutes of sound that were aligned, times their price. It stays as it is when the task is cancelled. Null before anything is done, and where its kind has no price. */
  cost: Maybe<Scalars['Float']['output']>;
  /** When it was created. */
  createdAt: Scalars['DateTime']['output'];
  /** Set in the last message about a deleted job. */
  deletedAt: Maybe<Scalars['DateTime']['output']>;
  /** Why it failed. */
  error: Maybe<JobError>;
  /** The history of status and stage, oldest first, across attempts: the newest 1,000 lines. */
  events: JobEventConnection;
  /** When it will be removed with all that is its own; null while active. */
  expiresAt: Maybe<Scalars['DateTime']['output']>;
  /** The client's own key, unique per owner: creating again with the same key returns the same job. */
  externalId: Maybe<Scalars['String']['output']>;
  /** The job's own files; those of an item are at the item. */
  files: Array<File>;
  /** When it ended. */
  finishedAt: Maybe<Scalars['DateTime']['output']>;
  /** Some items failed. */
  hasFailures: Scalars['Boolean']['output'];
  /** `{type}-{unix seconds}-{12 hex}`, unique in the whole system. */
  id: Scalars['ID']['output'];
  /** Not finished: false for COMPLETED, FAILED, CANCELLED and SKIPPED, true otherwise. */
  isActive: Scalars['Boolean']['output'];
  /** Its items, by index. */
  items: JobItemConnection;
  /** Name of the processor: see serverInfo.processors. */
  kind: Scalars['String']['output'];
  /** For the worker that holds the task; null for everyone else. */
  leaseId: Maybe<Scalars['ID']['output']>;
  /** Its log: the newest 1,000 lines. */
  logs: LogEntryConnection;
  /** What it was created with; its shape is the processor's. */
  options: Scalars['JSON']['output'];
  /** Whose it is. */
  owner: User;
  /** Higher goes first. */
  priority: Scalars['Int']['output'];
  /** How far it is. */
  progress: Progress;
  /** 1 = next; null when not PENDING, and while there is a waitReason. */
  queuePosition: Maybe<Scalars['Int']['output']>;
  /** Name of the stage that it is in. */
  stage: Maybe<Scalars['String']['output']>;
  /** All stages with their progress. */
  stages: Array<Stage>;
  /** When this attempt's work began. */
  startedAt: Maybe<Scalars['DateTime']['output']>;
  /** Where it stands. */
  status: JobStatus;
  /** One sentence for people. */
  statusMessage: Scalars['String']['output'];
  /** The client's title. */
  title: Maybe<Scalars['String']['output']>;
  /** When its state last changed. */
  updatedAt: Scalars['DateTime']['output'];
  /** Its inputs. */
  uploads: UploadConnection;
  /** Grows with every change that a subscriber can see. */
  version: Scalars['Int']['output'];
  /** Why its work cannot be done at present, for no fault of its own: it goes on by itself. Null otherwise. */
  waitReason: Maybe<WaitReason>;
  /** When it is tried again at the earliest, while there is a waitReason: after 5 s, later up to 60 s. */
  waitUntil: Maybe<Scalars['DateTime']['output']>;
};


/** One piece of work on one or a few files, with one result. */
export type TaskEventsArgs = {
  after?: InputMaybe<Scalars['String']['input']>;
  before?: InputMaybe<Scalars['String']['input']>;
  first?: InputMaybe<Scalars['Int']['input']>;
  last?: InputMaybe<Scalars['Int']['input']>;
};


/** One piece of work on one or a few files, with one result. */
export type TaskFilesArgs = {
  role?: InputMaybe<FileRole>;
};


/** One piece of work on one or a few files, with one result. */
export type TaskItemsArgs = {
  after?: InputMaybe<Scalars['String']['input']>;
  before?: InputMaybe<Scalars['String']['input']>;
  first?: InputMaybe<Scalars['Int']['input']>;
  last?: InputMaybe<Scalars['Int']['input']>;
  needsReview?: InputMaybe<Scalars['Boolean']['input']>;
  offset?: InputMaybe<Scalars['Int']['input']>;
  status?: InputMaybe<ItemStatus>;
};


/** One piece of work on one or a few files, with one result. */
export type TaskLogsArgs = {
  after?: InputMaybe<Scalars['String']['input']>;
  before?: InputMaybe<Scalars['String']['input']>;
  first?: InputMaybe<Scalars['Int']['input']>;
  last?: InputMaybe<Scalars['Int']['input']>;
  minLevel?: LogLevel;
};


/** One piece of work on one or a few files, with one result. */
export type TaskUploadsArgs = {
  after?: InputMaybe<Scalars['String']['input']>;
  first?: InputMaybe<Scalars['Int']['input']>;
};

/** A page of a list. */
export type TaskConnection = {
  __typename: 'TaskConnection';
  /** The rows with their cursors. */
  edges: Array<TaskEdge>;
  /** The rows. */
  nodes: Array<Task>;
  /** What lies before and after. */
  pageInfo: PageInfo;
  /** Of the whole list, at the moment at which `nodes` were read. Counted only when asked for. */
  totalCount: Scalars['Int']['output'];
};

/** One row of a page. */
export type TaskEdge = {
  __typename: 'TaskEdge';
  /** Goes into `after` or `before`. */
  cursor: Scalars['String']['output'];
  /** The row. */
  node: Task;
};

/** What is to be done: exactly one. */
export type TaskWork =
  /** Align recordings with their transcripts. */
  { alignment: AlignmentOptionsInput; custom?: never; demo?: never; external?: never; }
  |  /** Any other kind. */
  { alignment?: never; custom: CustomOptionsInput; demo?: never; external?: never; }
  |  /** Play it. */
  { alignment?: never; custom?: never; demo: DemoOptionsInput; external?: never; }
  |  /** Have another program do it. */
  { alignment?: never; custom?: never; demo?: never; external: ExternalOptionsInput; };

/** How transcripts are laid out. */
export type TranscriptLayout =
  /** As the files themselves tell. */
  | 'AUTO'
  /** Rows of start, end, speaker, text. */
  | 'TABLE'
  /** One text for each recording. */
  | 'TEXT'
  /** TextGrids with times of utterances. */
  | 'UTTERANCES';

/** What is said about a job; what is left out stays as it is. */
export type UpdateJobInput = {
  /** Downloads only: KiB per second, 0 = unlimited; takes effect while running. Null: it stays as it is. */
  bandwidthLimit?: InputMaybe<Scalars['Int']['input']>;
  /** Higher goes first; -100 to 100. Null: it stays as it is. */
  priority?: InputMaybe<Scalars['Int']['input']>;
  /** For people; at most 500 characters. Null: it has no title any more. */
  title?: InputMaybe<Scalars['String']['input']>;
  /** Downloads that are PAUSED or FAILED: a fresh link to the same bytes; other bytes are refused when it goes on, with resumeJob or retryJob. Null: it stays as it is. */
  url?: InputMaybe<Scalars['String']['input']>;
};

/** One file coming in, over tus. */
export type Upload = Node & {
  __typename: 'Upload';
  /** What the client says it is. */
  contentType: Scalars['String']['output'];
  /** When it was announced. */
  createdAt: Scalars['DateTime']['output'];
  /** Why it was rejected. */
  error: Maybe<JobError>;
  /** When unfinished bytes, or the finished file, will be removed; null while a job is using it. */
  expiresAt: Maybe<Scalars['DateTime']['output']>;
  /** The client's own key. */
  externalId: Maybe<Scalars['String']['output']>;
  /** The client's name for the file. */
  filename: Scalars['String']['output'];
  /** `{type}-{unix seconds}-{12 hex}`, unique in the whole system. */
  id: Scalars['ID']['output'];
  /** What uses it: the newest 100 jobs, newest first. */
  jobs: Array<Job>;
  /** Bytes stored so far. */
  offset: Scalars['BigInt']['output'];
  /** Whose it is. */
  owner: User;
  /** 0 to 100. Null while the size is unknown. */
  percentage: Maybe<Scalars['Float']['output']>;
  /** Hex SHA-256 of the whole file, computed while it streamed in; null until COMPLETED. */
  sha256: Maybe<Scalars['String']['output']>;
  /** Bytes in all. Null while a deferred length is unknown. */
  size: Maybe<Scalars['BigInt']['output']>;
  /** Where it stands. */
  status: UploadStatus;
  /** When its state last changed. */
  updatedAt: Scalars['DateTime']['output'];
  /** The tus URL: give it to any tus client. It carries its own right to send these bytes and outlives access tokens. A worker that reads its task is given a link for reading alone, which ends a minute after the lease: claimTask, reportTask and task give a fresh one. */
  url: Scalars['String']['output'];
};

/** A page of a list. */
export type UploadConnection = {
  __typename: 'UploadConnection';
  /** The rows with their cursors. */
  edges: Array<UploadEdge>;
  /** The rows. */
  nodes: Array<Upload>;
  /** What lies before and after. */
  pageInfo: PageInfo;
  /** Of the whole list, at the moment at which `nodes` were read. Counted only when asked for. */
  totalCount: Scalars['Int']['output'];
};

/** One row of a page. */
export type UploadEdge = {
  __typename: 'UploadEdge';
  /** Goes into `after` or `before`. */
  cursor: Scalars['String']['output'];
  /** The row. */
  node: Upload;
};

/** The life of an upload. */
export type UploadStatus =
  /** The whole file is here. */
  | 'COMPLETED'
  /** Removed by its owner or an admin, or with its job; its bytes are gone. */
  | 'DELETED'
  /** Not finished in time; its bytes are gone. */
  | 'EXPIRED'
  /** All bytes are here and are being checked. */
  | 'FINALISING'
  /** Refused after it was here; see error. */
  | 'REJECTED'
  /** Bytes are missing. */
  | 'UPLOADING';

/** A person or program that may sign in. */
export type User = Node & {
  __typename: 'User';
  /** When the account was made. */
  createdAt: Scalars['DateTime']['output'];
  /** `{type}-{unix seconds}-{12 hex}`, unique in the whole system. */
  id: Scalars['ID']['output'];
  /** Came in without an account. */
  isAnonymous: Scalars['Boolean']['output'];
  /** May not sign in any more. */
  isDisabled: Scalars['Boolean']['output'];
  /** What they may do. */
  role: Role;
  /** Null for anonymous sessions. */
  username: Maybe<Scalars['String']['output']>;
};

/** Why a job waits by itself, though its turn may have come. */
export type WaitReason =
  /** The server's disk is full, or its database's, or a quota is used up. */
  | 'DISK_FULL';

/** An address that is told of its owner's jobs. */
export type Webhook = Node & {
  __typename: 'Webhook';
  /** When it was created. */
  createdAt: Scalars['DateTime']['output'];
  /** Newest first; `first` is at most 100. */
  deliveries: Array<WebhookDelivery>;
  /** Of what it is told. */
  events: Array<Scalars['String']['output']>;
  /** `{type}-{unix seconds}-{12 hex}`, unique in the whole system. */
  id: Scalars['ID']['output'];
  /** False when its owner said so, its receiver answered 410, or nothing arrived for a day. */
  isEnabled: Scalars['Boolean']['output'];
  /** Signs the messages. Shown once, in the answer of createWebhook, or of updateWebhook where that makes another; null afterwards. Lost: updateWebhook(newSecret: true). */
  secret: Maybe<Scalars['String']['output']>;
  /** Where the messages go. */
  url: Scalars['String']['output'];
};


/** An address that is told of its owner's jobs. */
export type WebhookDeliveriesArgs = {
  first?: Scalars['Int']['input'];
};

/** One message for a webhook, with what came of its last attempt. */
export type WebhookDelivery = {
  __typename: 'WebhookDelivery';
  /** Attempts so far, the one under way included. */
  attempt: Scalars['Int']['output'];
  /** When it arrived. */
  deliveredAt: Maybe<Scalars['DateTime']['output']>;
  /** Why the last one did not arrive; null where it did. */
  error: Maybe<Scalars['String']['output']>;
  /** What it tells, such as batch.completed. */
  event: Scalars['String']['output'];
  /** The message's webhook-id, the same in every attempt. */
  id: Scalars['ID']['output'];
  /** Of which job; null for a test. */
  jobId: Maybe<Scalars['ID']['output']>;
  /** When it will be tried again, at the latest; null when it arrived or was given up. */
  nextAttemptAt: Maybe<Scalars['DateTime']['output']>;
  /** What the receiver answered to the last one; null without an answer. */
  statusCode: Maybe<Scalars['Int']['output']>;
};
