import { NativeSelect, Text } from '@mantine/core'
import { useEffect, useRef, useState } from 'react'
import { ServerText } from '../api/ServerText'
import type { LogLevel } from '../api/schema'
import { useFormats } from '../translations/formats'
import classes from './Log.module.css'
import type { LogLineFragment } from './logs.generated'
import { Panel } from './Panel'
import { useJobPageTexts } from './texts'
import { useLog } from './useLog'

const LEVELS: LogLevel[] = ['DEBUG', 'INFO', 'WARNING', 'ERROR']

/** The newest lines; who has not scrolled up sees the next ones as they come. */
export function Log({ jobId }: { jobId: string }) {
  const t = useJobPageTexts()
  const [level, setLevel] = useState<LogLevel>('INFO')
  const choice = (
    <NativeSelect size="xs" aria-label={t('level')} data={LEVELS.map(value => ({ value, label: t(value) }))} value={level} onChange={event => setLevel(event.currentTarget.value as LogLevel)} />
  )
  return <Panel title={t('log')} aside={choice}><Lines key={level} jobId={jobId} level={level} /></Panel>
}

function Lines({ jobId, level }: { jobId: string; level: LogLevel }) {
  const t = useJobPageTexts()
  const { lines, isKnown } = useLog(jobId, level)
  const box = useRef<HTMLDivElement>(null)
  const follows = useRef(true)
  useEffect(() => {
    if (follows.current) box.current?.scrollTo({ top: box.current.scrollHeight })
  }, [lines])

  function onScroll() {
    const { scrollTop, clientHeight, scrollHeight } = box.current!
    follows.current = scrollTop + clientHeight > scrollHeight - 40
  }

  if (isKnown && lines.length === 0) return <Text size="sm" c="dimmed">{t('emptyLog')}</Text>
  return (
    <div className={classes.lines} ref={box} onScroll={onScroll} tabIndex={0} role="log" aria-label={t('log')}>
      {lines.map(line => <Line key={line.id} line={line} />)}
    </div>
  )
}

function Line({ line: { at, level, message } }: { line: LogLineFragment }) {
  const t = useJobPageTexts()
  const { clock } = useFormats()
  return (
    <div className={classes.line} data-level={level}>
      <time dateTime={at}>{clock(at)}</time>
      <span>{t(level)}</span>
      <span className="wrap-anywhere"><ServerText>{message}</ServerText></span>
    </div>
  )
}
