const SAMPLE = ['Name,Email,Phone', 'Ada,ada@example.com,+442079460958'];
const SAMPLE_BYTES = SAMPLE.join('\n').length + 1;

const upload = `# 1 Upload
#
# Sign in above, then press the play button.

mutation CreateUpload($input: CreateUploadInput!) {
  createUpload(input: $input) {
    id
    url
    status
    expiresAt
  }
}

# Send the bytes to the url of the answer, $URL below,
# with any tus client or with curl. It carries its own
# right to take them: no token is needed.
#
# echo '${SAMPLE[0]}' > leads.csv
# echo '${SAMPLE[1]}' >> leads.csv
#
# curl -X PATCH "$URL" --data-binary @leads.csv \\
#   -H 'Tus-Resumable: 1.0.0' -H 'Upload-Offset: 0' \\
#   -H 'Content-Type: application/offset+octet-stream'
#
# For a file of your own, set its name and its size
# (wc -c < file) in Variables. If the connection
# breaks, ask for the offset and go on from there:
#
# curl --head "$URL" -H 'Tus-Resumable: 1.0.0'
`;

const watch = `# 2 Watch
#
# Put the upload's id in Variables and run CreateBatch:
# the batch starts when the last byte is in.
#
# Then put the batch's id in Variables and run
# WatchBatch: the present state comes at once, then
# each change, until the batch is finished.

mutation CreateBatch($uploadIds: [ID!]!) {
  createBatch(
    input: {
      work: { leads: {} }
      uploadIds: $uploadIds
    }
  ) {
    id
    status
    statusMessage
  }
}

subscription WatchBatch($batchId: ID!) {
  batchUpdated(id: $batchId) {
    status
    statusMessage
    progress {
      percentage
      totalItems
      processedItems
      failedItems
      etaSeconds
    }
    error {
      code
      message
    }
  }
}
`;

const fetch = `# 3 Fetch
#
# Put the batch's id in Variables. The url of a file is
# a signed link for a plain GET.

query FetchBatch($batchId: ID!) {
  batch(id: $batchId) {
    status
    progress {
      percentage
      totalItems
      processedItems
      failedItems
      skippedItems
    }
    files {
      name
      size
      sha256
      url
    }
    items(first: 10) {
      totalCount
      nodes {
        index
        name
        status
        result
        skipReason
        error {
          code
          message
        }
      }
    }
  }
}
`;

const UPLOAD_ID = 'id of the upload, from tab 1';
const BATCH_ID = 'id of the batch, from CreateBatch';
const json = value => JSON.stringify(value, null, 2);

export const EXAMPLES = [
  { query: upload, variables: json({ input: { filename: 'leads.csv', size: SAMPLE_BYTES, contentType: 'text/csv' } }) },
  { query: watch, variables: json({ uploadIds: [UPLOAD_ID], batchId: BATCH_ID }) },
  { query: fetch, variables: json({ batchId: BATCH_ID }) },
];
