import { useFormats } from '../translations/formats'
import type { JobStateFragment } from './job.generated'
import { useJobTexts } from './texts'

/** Counts, the time that is left and the rate, in one line; a narrow column cuts its end. */
export function ProgressNumbers({ job }: { job: JobStateFragment }) {
  return <>{useProgressNumbers(job).join(' · ')}</>
}

export function useProgressNumbers(job: JobStateFragment): string[] {
  const t = useJobTexts()
  const { number, bytes, bytesPerSecond, duration } = useFormats()
  const { totalItems, processedItems, failedItems, skippedItems, processedBytes, totalBytes, bytesPerSecond: rate, etaSeconds } = job.progress
  const showsBytes = job.status === 'UPLOADING' || job.kind === 'download'
  const isOneFile = job.kind === 'download' && totalItems === 1
  const counted = totalItems === null ? t('items', { count: processedItems, shown: number(processedItems) }) : t('itemsOf', { done: number(processedItems), total: number(totalItems) })
  const sizes = totalBytes ? t('itemsOf', { done: bytes(processedBytes), total: bytes(totalBytes) }) : bytes(processedBytes)
  return [
    (totalItems !== null || processedItems > 0) && !isOneFile && counted,
    failedItems > 0 && !isOneFile && t('failedItems', { shown: number(failedItems) }),
    skippedItems > 0 && !isOneFile && t('skippedItems', { shown: number(skippedItems) }),
    showsBytes && processedBytes > 0 && sizes,
    job.isActive && etaSeconds !== null && t('left', { time: duration(etaSeconds) }),
    job.isActive && rate !== null && rate > 0 && bytesPerSecond(rate),
    job.queuePosition !== null && t('position', { position: number(job.queuePosition) }),
    job.waitReason === 'DISK_FULL' && t('diskFull'),
  ].filter(part => typeof part === 'string')
}
