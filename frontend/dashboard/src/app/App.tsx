import { MantineProvider } from '@mantine/core'
import { ModalsProvider } from '@mantine/modals'
import { Notifications } from '@mantine/notifications'
import { useEffect, useState } from 'react'
import { RouterProvider } from 'react-router/dom'
import { ApiProvider, useApi, usePerson, type Api } from '../api/api'
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
  const person = usePerson()
  const [shown, setShown] = useState(person) // whose data there are
  useEffect(() => {
    if (shown === person) return
    if (shown === null) return setShown(person)
    let isCurrent = true // until somebody else has signed in
    socket.terminate()
    void apollo.clearStore().then(() => isCurrent && setShown(person)) // it ends queries that are under way: the form has one
    return () => void (isCurrent = false)
  }, [person, shown, apollo, socket])
  if (shown !== person) return null
  return person === null ? <SignInPage /> : <RouterProvider router={router} />
}
