
      export type PossibleTypesResultData = {
  "possibleTypes": {
    "Job": [
      "Batch",
      "Download",
      "Task"
    ],
    "Node": [
      "ApiToken",
      "Batch",
      "Download",
      "File",
      "JobItem",
      "Task",
      "Upload",
      "User",
      "Webhook"
    ]
  }
};
      const result: PossibleTypesResultData = {
  "possibleTypes": {
    "Job": [
      "Batch",
      "Download",
      "Task"
    ],
    "Node": [
      "ApiToken",
      "Batch",
      "Download",
      "File",
      "JobItem",
      "Task",
      "Upload",
      "User",
      "Webhook"
    ]
  }
};
      export default result;
    