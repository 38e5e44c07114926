import { Radio, Stack, Text, TextInput } from '@mantine/core'
import type { SheetStrategy } from '../api/schema'
import { endingOf } from './checks'
import type { FieldsProps } from './kindForms'
import type { Typed } from './optionsSchema'
import { SchemaFields } from './SchemaFields'
import { useNewWorkTexts } from './texts'

const STRATEGIES: SheetStrategy[] = ['ZIP_WITH_QR', 'ZIP_WITHOUT_QR', 'IMAGES']
const ARCHIVES = ['.zip', '.pdf', '.tif', '.tiff']
const TABLES = ['.csv', '.tsv', '.txt', '.xlsx', '.xls', '.xlsb', '.ods']
const OWN_INPUTS = ['strategy', 'reference', 'rosterUploadId']

export function SheetFields({ options, typed, onChange }: FieldsProps) {
  const t = useNewWorkTexts()
  const strategy = strategyOf(typed)
  const reference = String(typed['reference'] ?? '')
  return (
    <Stack gap="md">
      <Radio.Group label={t('strategy')} value={strategy} onChange={value => onChange({ ...typed, strategy: value })}>
        <Stack gap="xs" mt="xs">
          {STRATEGIES.map(value => <Radio key={value} value={value} label={t(value)} description={t(`${value}_meaning`)} />)}
        </Stack>
      </Radio.Group>
      <TextInput
        label={t('reference')}
        description={t(strategy === 'ZIP_WITH_QR' ? 'referenceFromCode' : 'referenceGiven')}
        withAsterisk={strategy !== 'ZIP_WITH_QR'}
        value={reference}
        error={reference !== '' && !isReference(reference) && t('eightDigits')}
        inputMode="numeric"
        maxLength={8}
        maw={320}
        onChange={event => onChange({ ...typed, reference: event.currentTarget.value.trim() })}
      />
      <SchemaFields options={options.filter(({ name }) => !OWN_INPUTS.includes(name))} typed={typed} onChange={onChange} />
    </Stack>
  )
}

export const strategyOf = (typed: Typed) => (typed['strategy'] ?? 'ZIP_WITH_QR') as SheetStrategy

const isReference = (text: string) => /^[0-9]{8}$/.test(text)

/** Eight digits; with a code on the sheets it may be left out. */
export function isReferenceRight(typed: Typed) {
  const reference = String(typed['reference'] ?? '')
  return reference === '' ? strategyOf(typed) === 'ZIP_WITH_QR' : isReference(reference)
}

/** Of what the server takes, what this strategy reads, and tables: one among the files is the roster. */
export function sheetEndings(accept: readonly string[], strategy: SheetStrategy) {
  return accept.filter(ending => TABLES.includes(ending) || (strategy === 'IMAGES' ? ending !== '.zip' : ARCHIVES.includes(ending)))
}

export function RosterHint() {
  const t = useNewWorkTexts()
  return <Text size="sm" c="dimmed">{t('rosterHint')}</Text>
}

export const rosterAmong = (files: readonly File[]) => files.findIndex(({ name }) => TABLES.includes(endingOf(name)))
