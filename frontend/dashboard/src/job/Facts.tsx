import { Code, CopyButton, Spoiler, Text, UnstyledButton } from '@mantine/core'
import { Check, Copy } from 'lucide-react'
import type { ReactNode } from 'react'
import { useKindName } from '../jobs/titles'
import { useFormats } from '../translations/formats'
import classes from './Facts.module.css'
import { Panel } from './Panel'
import { useJobPageTexts } from './texts'
import type { Job } from './useJob'

export function Facts({ job }: { job: Job }) {
  const t = useJobPageTexts()
  const { exact, duration, number } = useFormats()
  const kindName = useKindName()
  const seconds = job.startedAt && job.finishedAt && (Date.parse(job.finishedAt) - Date.parse(job.startedAt)) / 1000
  const options = 'options' in job ? JSON.stringify(job.options, null, 2) : '{}'
  return (
    <Panel title={t('details')}>
      <dl className={classes.facts}>
        <Fact name={t('id')}><Copied text={job.id} /></Fact>
        <Fact name={t('kind')}>{kindName(job.kind)}</Fact>
        <Fact name={t('owner')}>{job.owner.username ?? t('anonymous')}</Fact>
        {job.externalId && <Fact name={t('externalId')}>{job.externalId}</Fact>}
        {job.priority !== 0 && <Fact name={t('priority')}>{number(job.priority)}</Fact>}
        <Fact name={t('created')}>{exact(job.createdAt)}</Fact>
        {job.startedAt && <Fact name={t('started')}>{exact(job.startedAt)}</Fact>}
        {job.finishedAt && <Fact name={t('finished')}>{exact(job.finishedAt)}</Fact>}
        {seconds !== null && seconds !== '' && <Fact name={t('took')}>{duration(seconds)}</Fact>}
      </dl>
      {options !== '{}' && (
        <Spoiler maxHeight={96} showLabel={t('more')} hideLabel={t('less')} fz="sm" mt="sm">
          <Text size="xs" c="dimmed" mb={4}>{t('options')}</Text>
          <Code block fz="xs">{options}</Code>
        </Spoiler>
      )}
    </Panel>
  )
}

function Fact({ name, children }: { name: string; children: ReactNode }) {
  return (
    <>
      <dt>{name}</dt>
      <dd className="wrap-anywhere">{children}</dd>
    </>
  )
}

function Copied({ text }: { text: string }) {
  const t = useJobPageTexts()
  return (
    <CopyButton value={text}>
      {({ copied, copy }) => (
        <UnstyledButton fz="inherit" onClick={copy} aria-label={`${t('copy')} ${text}`} className={classes.copied}>
          {text} {copied ? <Check size={12} aria-hidden /> : <Copy size={12} aria-hidden />}
        </UnstyledButton>
      )}
    </CopyButton>
  )
}
