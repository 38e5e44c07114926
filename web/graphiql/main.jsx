import './workers.js';
import { createGraphiQLFetcher } from '@graphiql/toolkit';
import { GraphiQL } from 'graphiql';
import { createRoot } from 'react-dom/client';
import '@graphiql/react/style.css';
import '@graphiql/plugin-doc-explorer/style.css';
import 'graphiql/graphiql.css';
import './page.css';
import { EXAMPLES } from './examples.js';
import { currentSession, storage } from './session.js';
import { parseHeaders, SignIn } from './signin.jsx';

// The page and the API share one address, so a proxy's prefix needs no setting. The headers go out
// with each request, and as the payload of connection_init on the WebSocket.
const socket = new URL(location.pathname, location.href);
socket.protocol = location.protocol === 'https:' ? 'wss:' : 'ws:';
const send = createGraphiQLFetcher({ url: location.pathname, subscriptionUrl: socket.href });

// GraphiQL reads the schema before its header box exists.
const fetcher = (params, options) =>
  send(params, { ...options, headers: options?.headers ?? parseHeaders(currentSession().headers) });

// GraphiQL shows the variables of its first tab only when they are given again.
const isFirstVisit = storage.getItem('graphiql:tabState') === null;
const firstVisit = isFirstVisit ? { initialVariables: EXAMPLES[0].variables } : {};

createRoot(document.getElementById('page')).render(
  <GraphiQL
    fetcher={fetcher}
    storage={storage}
    defaultTabs={EXAMPLES}
    defaultQuery=""
    defaultEditorToolsVisibility="headers"
    shouldPersistHeaders={false}
    plugins={[]}
    {...firstVisit}
  >
    <GraphiQL.Logo><></></GraphiQL.Logo>
    <SignIn />
  </GraphiQL>,
);
