import { useGraphiQL, useGraphiQLActions } from '@graphiql/react';
import { useEffect, useState } from 'react';
import { createPortal } from 'react-dom';
import { changeSession, currentSession } from './session.js';

const LOGIN = `mutation SignIn($username: String!, $password: String!) {
  login(username: $username, password: $password) { accessToken expiresAt }
}`;
const LOGOUT = 'mutation SignOut { logout }';

async function post(query, variables, headers) {
  const response = await fetch(location.pathname, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', Accept: 'application/json', ...headers },
    body: JSON.stringify({ query, variables }),
  });
  const answer = await response.json().catch(() => null);
  if (answer?.errors) throw new Error(answer.errors[0].message);
  if (!answer?.data) throw new Error(`The server answered ${response.status} without data.`);
  return answer.data;
}

export function parseHeaders(text) {
  try {
    return JSON.parse(text) ?? {};
  } catch {
    return {};
  }
}

function headersWith(authorization) {
  const { Authorization: _old, ...others } = parseHeaders(currentSession().headers);
  const headers = authorization ? { Authorization: authorization, ...others } : others;
  return Object.keys(headers).length ? JSON.stringify(headers, null, 2) : '';
}

// One set of headers for all tabs: who signs in on one is signed in on every other.
function useSharedHeaders(onEdit) {
  const { headerEditor, tabId } = useGraphiQL(({ headerEditor, tabs, activeTabIndex }) => ({
    headerEditor,
    tabId: tabs[activeTabIndex]?.id,
  }));
  useEffect(() => {
    if (!headerEditor) return undefined;
    headerEditor.setValue(currentSession().headers);
    // Only a person's edit counts: GraphiQL itself rewrites the box whenever the tab changes.
    const listener = headerEditor.onDidChangeModelContent(() => {
      if (headerEditor.hasTextFocus()) onEdit(headerEditor.getValue());
    });
    return () => listener.dispose();
  }, [headerEditor, tabId, onEdit]);
  return headerEditor;
}

export function SignIn() {
  const [session, setSession] = useState(currentSession);
  const [error, setError] = useState('');
  const [isBusy, setBusy] = useState(false);
  const { introspect } = useGraphiQLActions();
  const [onEdit] = useState(() => headers => {
    const isSignedIn = 'Authorization' in parseHeaders(headers);
    changeSession(isSignedIn ? { headers } : { headers, username: null, expiresAt: null });
    setSession(currentSession());
  });
  const headerEditor = useSharedHeaders(onEdit);

  function show(change) {
    changeSession(change);
    setSession(currentSession());
    headerEditor?.setValue(currentSession().headers);
  }

  async function signIn(event) {
    event.preventDefault();
    const form = event.currentTarget;
    const { username, password } = Object.fromEntries(new FormData(form));
    setBusy(true);
    setError('');
    try {
      const { login } = await post(LOGIN, { username, password });
      show({ headers: headersWith(`Bearer ${login.accessToken}`), username, expiresAt: login.expiresAt });
      introspect();
    } catch (failure) {
      setError(failure.message);
      form.elements.password.select();
    } finally {
      setBusy(false);
    }
  }

  function signOut() {
    // The token is forgotten here even when the server cannot be told.
    post(LOGOUT, {}, parseHeaders(session.headers)).catch(() => {});
    show({ headers: headersWith(null), username: null, expiresAt: null });
  }

  const until = session.expiresAt && new Date(session.expiresAt).toLocaleTimeString([], { timeStyle: 'short' });
  return createPortal(
    <>
      <h1 className="bar-title">Waybill <span>GraphiQL</span></h1>
      <p className="bar-error" role="alert">{error}</p>
      <p className="bar-status" role="status">
        {session.username && <>Signed in as <strong>{session.username}</strong>{until && ` until ${until}`}</>}
      </p>
      {session.username ? (
        <button type="button" className="graphiql-button" onClick={signOut}>Sign out</button>
      ) : (
        <form className="bar-form" aria-label="Sign in" onSubmit={signIn}>
          <label>User name <input name="username" autoComplete="username" autoCapitalize="none" spellCheck="false" required /></label>
          <label>Password <input name="password" type="password" autoComplete="current-password" required /></label>
          <button type="submit" className="graphiql-button" disabled={isBusy || !headerEditor}>Sign in</button>
        </form>
      )}
    </>,
    document.getElementById('bar'),
  );
}
