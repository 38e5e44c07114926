import { Group, RingProgress, Text, Timeline as Steps } from '@mantine/core'
import { Check, CircleDashed, Minus, X } from 'lucide-react'
import type { ReactNode } from 'react'
import { ServerText } from '../api/ServerText'
import type { ItemStatus } from '../api/schema'
import { useFormats } from '../translations/formats'
import { Panel } from './Panel'
import { useJobPageTexts } from './texts'
import type { Job } from './useJob'

type Step = { name: string; label: ReactNode; status: ItemStatus; percentage: number }

const COLORS: Partial<Record<ItemStatus, string>> = { FAILED: 'red', SKIPPED: 'gray.6', CANCELLED: 'gray.6' }

/** From the first byte to the results. */
export function Timeline({ job }: { job: Job }) {
  const t = useJobPageTexts()
  const { percent } = useFormats()
  const steps = useSteps(job)
  return (
    <Panel title={t('timeline')}>
      <Steps bulletSize={24} lineWidth={2} active={steps.findLastIndex(({ status }) => status !== 'PENDING')}>
        {steps.map(step => (
          <Steps.Item key={step.name} color={COLORS[step.status]} bullet={<Bullet step={step} />} title={<Text size="sm" fw={step.status === 'PROCESSING' ? 600 : 400}>{step.label}</Text>}>
            <Group gap="xs">
              <Text size="xs" c="dimmed" className="numbers">
                {t(step.status)}{step.status === 'PROCESSING' && ` · ${percent(step.percentage)}`}
              </Text>
            </Group>
          </Steps.Item>
        ))}
      </Steps>
    </Panel>
  )
}

function useSteps(job: Job): Step[] {
  const t = useJobPageTexts()
  const { processedBytes, totalBytes } = job.progress
  const isUploading = job.status === 'UPLOADING'
  const uploads: Step[] = job.uploads.totalCount
    ? [{ name: 'upload', label: t('upload'), status: isUploading ? 'PROCESSING' : 'COMPLETED', percentage: totalBytes ? (100 * processedBytes) / totalBytes : 0 }]
    : []
  const results: Step = { name: 'results', label: t('results'), status: resultStatus(job), percentage: 0 }
  return [...uploads, ...job.stages.filter(({ name }) => name !== 'upload').map(asStep), results]
}

const asStep = (stage: Job['stages'][number]): Step => ({ ...stage, label: <ServerText>{stage.label}</ServerText> })

function resultStatus({ status }: Job): ItemStatus {
  if (status === 'COMPLETED' || status === 'FAILED' || status === 'CANCELLED' || status === 'SKIPPED') return status
  return 'PENDING'
}

function Bullet({ step: { status, percentage } }: { step: Step }) {
  if (status === 'COMPLETED') return <Check size={14} aria-hidden />
  if (status === 'FAILED') return <X size={14} aria-hidden />
  if (status === 'SKIPPED' || status === 'CANCELLED') return <Minus size={14} aria-hidden />
  if (status === 'PROCESSING') return <RingProgress size={22} thickness={3} sections={[{ value: percentage, color: 'white' }]} aria-hidden />
  return <CircleDashed size={14} aria-hidden />
}
