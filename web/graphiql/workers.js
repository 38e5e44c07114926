import JsonWorker from 'monaco-editor/esm/vs/language/json/json.worker.js?worker';
import GraphQLWorker from 'monaco-graphql/esm/graphql.worker.js?worker';

// Monaco's third worker, for editors of any language, is contained in the one for JSON.
globalThis.MonacoEnvironment = {
  getWorker: (_id, label) => (label === 'graphql' ? new GraphQLWorker() : new JsonWorker()),
};
