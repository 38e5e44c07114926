import { useMutation } from '@apollo/client/react'
import { Anchor, Button, Group, Image, Modal, Stack, Text, TextInput } from '@mantine/core'
import { useDisclosure } from '@mantine/hooks'
import { useState, type FormEvent } from 'react'
import { useSentences } from '../api/sentences'
import { JobDetailsDocument } from '../job/job.generated'
import { Problem } from '../jobs/Problem'
import { useFormats } from '../translations/formats'
import { CornersEditor } from './CornersEditor'
import { ReviewItemDocument, type SheetFragment } from './review.generated'
import { doubtfulIn, pictureOf, resultOf, type Field, type Point } from './sheet'
import classes from './SheetCard.module.css'
import { useReviewTexts } from './texts'

/** One sheet: its marked picture, and what a person says about it. */
export function SheetCard({ sheet, isOpen }: { sheet: SheetFragment; isOpen: boolean }) {
  const t = useReviewTexts()
  const { number } = useFormats()
  const { tell } = useSentences()
  // The sheet is done again in another attempt of its job.
  const [review, { loading, error }] = useMutation(ReviewItemDocument, { onError: () => undefined, refetchQueries: [JobDetailsDocument], awaitRefetchQueries: true })
  const [values, setValues] = useState<Record<string, string>>({})
  const [movesCorners, { open, close }] = useDisclosure()
  const picture = pictureOf(sheet, 'marked.jpg')
  const page = pictureOf(sheet, 'page.jpg')
  const { student, studentName, score, maxScore } = resultOf(sheet)
  const corrections = doubtfulIn(sheet).flatMap(({ field, value }) => (values[field] === undefined || values[field] === value ? [] : [{ field, value: values[field] }]))

  function submit(event: FormEvent) {
    event.preventDefault()
    void review({ variables: { id: sheet.id, input: { values: corrections } } })
  }

  async function readAgain(corners: Point[]) {
    await review({ variables: { id: sheet.id, input: { corners } } })
    close()
  }

  return (
    <Group role="group" aria-label={sheet.name} align="start" gap="md" className={classes.card}>
      {picture && <a href={picture} target="_blank" rel="noreferrer"><Image src={picture} alt={t('picture', { name: sheet.name })} className={classes.picture} loading="lazy" /></a>}
      <Stack gap="xs" className={classes.facts}>
        <Text size="sm" fw={600} className="wrap-anywhere">{sheet.name}</Text>
        <Text size="xs" c="dimmed" className="wrap-anywhere">
          {[student, studentName, typeof score === 'number' && typeof maxScore === 'number' && t('score', { score: number(score), maxScore: number(maxScore) })].filter(Boolean).join(' · ')}
        </Text>
        {sheet.error && <Text size="sm" className="problem">{tell(sheet.error)}</Text>}
        {sheet.reviewedBy && <Text size="xs" c="dimmed">{t('reviewed', { name: sheet.reviewedBy.username ?? '' })}</Text>}
        {sheet.needsReview && isOpen && (
          <form onSubmit={submit}>
            <Stack gap="sm" align="start">
              {doubtfulIn(sheet).map(field => (
                <FieldCorrection key={field.field} field={field} crop={pictureOf(sheet, `${field.field}.jpg`)} value={values[field.field] ?? field.value} onChange={value => setValues(before => ({ ...before, [field.field]: value }))} />
              ))}
              <Group gap="xs">
                {sheet.status === 'COMPLETED' && <Button type="submit" size="xs" loading={loading}>{t(corrections.length ? 'save' : 'isRight')}</Button>}
                {page && <Button size="xs" variant="default" onClick={open}>{t('corners')}</Button>}
              </Group>
            </Stack>
          </form>
        )}
        {error && <Problem error={error} />}
      </Stack>
      {page && (
        <Modal opened={movesCorners} onClose={close} size="xl" title={t('corners')} closeButtonProps={{ 'aria-label': t('cancel') }}>
          <CornersEditor sheet={sheet} page={page} isBusy={loading} onSave={corners => void readAgain(corners)} onClose={close} />
        </Modal>
      )}
    </Group>
  )
}

type FieldProps = { field: Field; crop: string | null; value: string; onChange: (value: string) => void }

function FieldCorrection({ field: { field, confidence }, crop, value, onChange }: FieldProps) {
  const t = useReviewTexts()
  const { percent } = useFormats()
  return (
    <Stack gap={4}>
      {crop && <Anchor href={crop} target="_blank" rel="noreferrer"><img src={crop} alt={t('crop', { field })} className={classes.crop} loading="lazy" /></Anchor>}
      <TextInput
        size="xs"
        w={160}
        label={t('fieldOf', { field })}
        description={t('sure', { percent: percent(100 * confidence) })}
        value={value}
        maxLength={100}
        onChange={event => onChange(event.currentTarget.value)}
      />
    </Stack>
  )
}
