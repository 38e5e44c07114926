// What may hold a token lives in sessionStorage and ends with the browser tab; queries, variables and
// layout live in localStorage. Both are kept apart from other GraphiQL pages of the same host.
const PREFIX = `waybill:${location.pathname}:`;
const SESSION = `${PREFIX}session`;
const SIGNED_OUT = { headers: '', username: null, expiresAt: null };

let session = SIGNED_OUT;
try {
  session = { ...SIGNED_OUT, ...JSON.parse(sessionStorage.getItem(SESSION)) };
} catch {
  sessionStorage.removeItem(SESSION);
}

export const currentSession = () => session;

export function changeSession(change) {
  session = { ...session, ...change };
  sessionStorage.setItem(SESSION, JSON.stringify(session));
}

const ownKeys = () => Object.keys(localStorage).filter(key => key.startsWith(PREFIX));

export const storage = {
  getItem: key => localStorage.getItem(PREFIX + key),
  setItem: (key, value) => localStorage.setItem(PREFIX + key, value),
  removeItem: key => localStorage.removeItem(PREFIX + key),
  clear() {
    changeSession(SIGNED_OUT);
    ownKeys().forEach(key => localStorage.removeItem(key));
  },
  get length() {
    return ownKeys().length;
  },
};
