/** Starts the dashboard. */
import '@mantine/core/styles.css'
import '@mantine/notifications/styles.css'
import './app/app.css'
import './translations/language'

import { setNonce } from 'get-nonce'
import { createRoot } from 'react-dom/client'
import { openApi } from './api/api'
import { App } from './app/App'

/** The policy of the page takes styles that are made while it runs only with the nonce that the server gave it. */
const nonce = document.querySelector<HTMLMetaElement>('meta[property=csp-nonce]')?.nonce ?? ''
setNonce(nonce)

const root = document.getElementById('root')
if (root) createRoot(root).render(<App api={openApi(new URL('./', location.href).href)} nonce={nonce} />)
