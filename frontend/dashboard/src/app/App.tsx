import { MantineProvider } from '@mantine/core'
import { ModalsProvider } from '@mantine/modals'
import { Notifications } from '@mantine/notifications'
import { useEffect, useState } from 'react'
import { RouterProvider } from 'react-router/dom'
import { ApiProvider, useApi, useIsSignedIn, type Api } from '../api/api'
import { SignInPage } from '../signin/SignInPage'
import { ServerAwayBanner } from './ServerAwayBanner'
import { router } from './routes'
import { cssVariables, theme } from './theme'

type Props = { api: Api; nonce: string }

export function App({ api, nonce }: Props) {
  return (
    <MantineProvider theme={theme} cssVariablesResolver={cssVariables} defaultColorScheme="auto" getStyleNonce={() => nonce}>
      <Notifications position="bottom-right" limit={4} />
      <ApiProvider api={api}>
        <ModalsProvider>
          <ServerAwayBanner />
          <Pages />
        </ModalsProvider>
      </ApiProvider>
    </MantineProvider>
  )
}

/** All pages for who is signed in, the form for who is not; nothing of one person is left for the next. */
function Pages() {
  const { apollo, socket } = useApi()
  const isSignedIn = useIsSignedIn()
  const [isClean, setClean] = useState(true)
  useEffect(() => {
    if (isSignedIn) return setClean(false)
    if (isClean) return
    socket.terminate()
    void apollo.clearStore().then(() => setClean(true)) // it ends queries that are under way: the form has one
  }, [isSignedIn, isClean, apollo, socket])
  if (isSignedIn) return <RouterProvider router={router} />
  return isClean && <SignInPage />
}
