import { useApolloClient } from '@apollo/client/react'
import { Box, Button, Group, NumberInput, SimpleGrid, Stack, Switch, Text, TextInput } from '@mantine/core'
import { useRef, useState, type FormEvent } from 'react'
import { Panel } from '../job/Panel'
import { Problem } from '../jobs/Problem'
import { problemOf, type Processor } from './checks'
import { FileChoice } from './FileChoice'
import { formOf } from './kindForms'
import { optionsIn, valuesOf, wrongIn, type OptionsSchema, type Typed } from './optionsSchema'
import type { Target } from './queue'
import { startWork, type Options } from './startWork'
import { useNewWorkTexts } from './texts'
import { useStart } from './useStart'
import { useUploadQueue } from './useUploadQueue'

const WITHOUT_FILES = ['demo', 'external']

type Common = { title: string; priority: number; autoStart: boolean }
const COMMON: Common = { title: '', priority: 0, autoStart: true }

/** Work of one kind on files that are sent from here. */
export function FileWorkForm({ processor, maxBytes }: { processor: Processor; maxBytes: number }) {
  const t = useNewWorkTexts()
  const client = useApolloClient()
  const queue = useUploadQueue()
  const { start, error, isStarting } = useStart()
  const [files, setFiles] = useState<File[]>([])
  const [typed, setTyped] = useState<Typed>({})
  const [common, setCommon] = useState(COMMON)
  const announced = useRef(new Map<File, Target>())

  const { Fields, Hint, endings, isRight, ownValues } = formOf(processor.kind)
  const options = optionsIn(processor.optionsSchema as OptionsSchema)
  const accept = endings(processor.accept, typed)
  const isJobForEach = processor.maxFiles === 1
  const tooMany = !isJobForEach && files.length > processor.maxFiles
  const areFilesRight = !tooMany && files.every(file => !problemOf(file, accept, maxBytes)) && (files.length > 0 || WITHOUT_FILES.includes(processor.kind))
  const areOptionsRight = wrongIn(options, { ...typed, ...ownValues(typed, [], []) }).length === 0 && isRight(typed, files, accept)

  function optionsFor(of: readonly File[], uploads: readonly Target[]): Options {
    return { ...valuesOf(options, typed), ...ownValues(typed, of, uploads) }
  }

  async function submit(event: FormEvent) {
    event.preventDefault()
    const { title, ...rest } = common
    const onBegun = (begun: readonly File[]) => setFiles(before => before.filter(file => !begun.includes(file)))
    const work = { processor, optionsFor, files, title: title.trim() || null, ...rest, onBegun }
    if (await start(() => startWork(client, queue, work, announced.current))) setCommon(before => ({ ...before, title: '' }))
  }

  return (
    <form onSubmit={event => void submit(event)}>
      <Stack gap="md">
        <Panel title={t('files')}>
          <FileChoice files={files} accept={accept} maxBytes={maxBytes} onChange={setFiles} />
          {tooMany && <Text size="sm" className="problem" mt="xs" role="alert">{t('tooMany', { count: processor.maxFiles })}</Text>}
          {isJobForEach && files.length > 1 && <Text size="sm" c="dimmed" mt="xs">{t('jobForEach')}</Text>}
          {Hint && <Box mt="sm"><Hint files={files} accept={accept} /></Box>}
        </Panel>
        <Panel title={t('options')}>
          <Stack gap="md">
            <CommonFields value={common} onChange={setCommon} />
            <Fields processor={processor} options={options} typed={typed} onChange={setTyped} />
          </Stack>
        </Panel>
        {error !== null && <Problem error={error} />}
        <Group><Button type="submit" loading={isStarting} disabled={!areFilesRight || !areOptionsRight}>{t('start')}</Button></Group>
      </Stack>
    </form>
  )
}

function CommonFields({ value, onChange }: { value: Common; onChange: (value: Common) => void }) {
  const t = useNewWorkTexts()
  return (
    <>
      <SimpleGrid cols={{ base: 1, sm: 2 }}>
        <TextInput label={t('title')} description={t('titleMeaning')} maxLength={500} value={value.title} onChange={event => onChange({ ...value, title: event.currentTarget.value })} />
        <NumberInput label={t('priority')} description={t('priorityMeaning')} min={-100} max={100} allowDecimal={false} value={value.priority} onChange={priority => onChange({ ...value, priority: Number(priority) })} />
      </SimpleGrid>
      <Switch label={t('autoStart')} checked={value.autoStart} onChange={event => onChange({ ...value, autoStart: event.currentTarget.checked })} />
    </>
  )
}
