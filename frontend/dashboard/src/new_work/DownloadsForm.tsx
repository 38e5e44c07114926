import { useApolloClient } from '@apollo/client/react'
import { Alert, Button, Collapse, Group, Stack, Text, Textarea, TextInput } from '@mantine/core'
import { useDisclosure } from '@mantine/hooks'
import { useState, type FormEvent } from 'react'
import type { DownloadOptionsInput } from '../api/schema'
import { useSentences } from '../api/sentences'
import { Panel } from '../job/Panel'
import type { JobStateFragment } from '../jobs/job.generated'
import { Problem } from '../jobs/Problem'
import type { Processor } from './checks'
import { DownloadPlan } from './DownloadPlan'
import { optionsIn, valuesOf, wrongIn, type OptionsSchema, type Typed } from './optionsSchema'
import { SchemaFields } from './SchemaFields'
import { useNewWorkTexts } from './texts'
import { useStart } from './useStart'
import { StartDownloadsDocument, type StartDownloadsMutation } from './work.generated'

const FIRST_OPTIONS = ['includeImages', 'includeVideos', 'includeArchives', 'includeDocuments', 'includeOther', 'followLinks', 'maxFileSize', 'bandwidthLimit']
const MAX_URLS = 1_000

type Asked = { urls: string[]; options: DownloadOptionsInput }
type Refused = StartDownloadsMutation['startDownloads'][number]

/** Files that the server fetches; each URL becomes a download of its own. */
export function DownloadsForm({ processor }: { processor: Processor }) {
  const t = useNewWorkTexts()
  const { tell } = useSentences()
  const client = useApolloClient()
  const { start, error, isStarting } = useStart()
  const [text, setText] = useState('')
  const [title, setTitle] = useState('')
  const [typed, setTyped] = useState<Typed>({})
  const [refused, setRefused] = useState<Refused[]>([])
  const [asked, setAsked] = useState<Asked | null>(null) // what the plan below is about
  const [hasMore, { toggle }] = useDisclosure(false)

  const options = optionsIn(processor.optionsSchema as OptionsSchema).filter(({ name }) => name !== 'url')
  const urls = text.split(/\s+/).filter(Boolean)
  const wrongUrl = urls.find(url => !isHttp(url))
  const said = () => valuesOf(options, typed) as DownloadOptionsInput
  const isRight = urls.length > 0 && urls.length <= MAX_URLS && !wrongUrl && wrongIn(options, typed).length === 0

  async function begin() {
    const input = { urls, title: title.trim() || null, options: said() }
    const { data } = await client.mutate({ mutation: StartDownloadsDocument, variables: { input } })
    const answers = data!.startDownloads
    setAsked(null)
    setRefused(answers.filter(({ error }) => error))
    setText(answers.flatMap(({ error }, place) => (error ? [urls[place]] : [])).join('\n'))
    return answers.flatMap(({ download }) => (download ? [download as JobStateFragment] : []))
  }

  function submit(event: FormEvent) {
    event.preventDefault()
    void start(begin)
  }

  return (
    <form onSubmit={submit}>
      <Stack gap="md">
        <Panel title={t('urls')}>
          <Textarea
            aria-label={t('urls')}
            description={t('urlsMeaning')}
            placeholder="https://…"
            autosize
            minRows={4}
            maxRows={14}
            value={text}
            error={wrongUrl && t('wrongUrl', { url: wrongUrl })}
            onChange={event => setText(event.currentTarget.value)}
          />
          {refused.length > 0 && (
            <Alert color="red" variant="light" mt="sm" title={t('notStarted')} role="alert">
              {refused.map(({ url, error }, place) => <Text key={place} size="sm" className="wrap-anywhere">{url}: {error && tell(error)}</Text>)}
            </Alert>
          )}
        </Panel>
        <Panel title={t('options')}>
          <Stack gap="md">
            <TextInput label={t('title')} description={t('titleMeaning')} maxLength={500} maw={440} value={title} onChange={event => setTitle(event.currentTarget.value)} />
            <SchemaFields options={options.filter(({ name }) => FIRST_OPTIONS.includes(name))} typed={typed} onChange={setTyped} />
            <Group><Button variant="default" size="compact-sm" onClick={toggle} aria-expanded={hasMore}>{t('moreOptions')}</Button></Group>
            <Collapse expanded={hasMore}>
              <SchemaFields options={options.filter(({ name }) => !FIRST_OPTIONS.includes(name))} typed={typed} onChange={setTyped} />
            </Collapse>
          </Stack>
        </Panel>
        {error !== null && <Problem error={error} />}
        <Group>
          <Button type="submit" loading={isStarting} disabled={!isRight}>{t('fetch')}</Button>
          <Button variant="default" disabled={!isRight} onClick={() => setAsked({ urls, options: said() })}>{t('plan')}</Button>
        </Group>
        {asked && <DownloadPlan key={JSON.stringify(asked)} urls={asked.urls} options={asked.options} />}
      </Stack>
    </form>
  )
}

function isHttp(url: string) {
  try {
    return ['http:', 'https:'].includes(new URL(url).protocol)
  } catch {
    return false
  }
}
