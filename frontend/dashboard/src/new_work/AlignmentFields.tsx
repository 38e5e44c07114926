import { Group, Select, Stack, Text } from '@mantine/core'
import { CircleAlert, Link2 } from 'lucide-react'
import { useTranslation } from 'react-i18next'
import type { FieldsProps, HintProps } from './kindForms'
import classes from './NewWorkPage.module.css'
import { pairFiles } from './pairs'
import { SchemaFields } from './SchemaFields'
import { useNewWorkTexts, useOptionTexts } from './texts'

const SHOWN = 20

export function AlignmentFields({ processor, options, typed, onChange }: FieldsProps) {
  const language = options.find(({ name }) => name === 'language')!
  const { label } = useOptionTexts(language)
  const { i18n } = useTranslation()
  const names = new Intl.DisplayNames(i18n.language, { type: 'language' })
  return (
    <Stack gap="md">
      <Select
        label={label}
        data={processor.languages.map(value => ({ value, label: `${names.of(value)} (${value})` }))}
        value={(typed['language'] ?? language.default) as string}
        onChange={value => onChange({ ...typed, language: value })}
        allowDeselect={false}
        maw={440}
        styles={{ input: { textOverflow: 'ellipsis' } }}
      />
      <SchemaFields options={options.filter(option => option !== language)} typed={typed} onChange={onChange} />
    </Stack>
  )
}

/** Which recordings have their transcript, and what lacks a partner. */
export function PairsHint({ files, accept }: HintProps) {
  const t = useNewWorkTexts()
  const { pairs, unpaired, dictionaries } = pairFiles(files.map(({ name }) => name), accept)
  if (!files.length) return <Text size="sm" c="dimmed">{t('pairsMeaning')}</Text>
  return (
    <Stack gap={6} role="status">
      <Text size="sm" fw={600}>{t('pairs', { count: pairs.length })}</Text>
      {pairs.slice(0, SHOWN).map(({ recording, transcript }) => (
        <Group key={recording} gap="xs" wrap="nowrap">
          <Link2 size={16} aria-hidden className={classes.icon} />
          <Text size="sm" className="wrap-anywhere">{recording} + {transcript}</Text>
        </Group>
      ))}
      {pairs.length > SHOWN && <Text size="xs" c="dimmed">{t('andMore', { count: pairs.length - SHOWN })}</Text>}
      {dictionaries.length > 0 && <Text size="sm" c="dimmed" className="wrap-anywhere">{t('dictionaries', { names: dictionaries.join(', ') })}</Text>}
      {unpaired.slice(0, SHOWN).map(({ name, why }) => (
        <Group key={name} gap="xs" wrap="nowrap" className="problem">
          <CircleAlert size={16} aria-hidden className={classes.icon} />
          <Text size="sm" className="wrap-anywhere">{t(why, { name })}</Text>
        </Group>
      ))}
      {unpaired.length > SHOWN && <Text size="xs" c="dimmed">{t('andMore', { count: unpaired.length - SHOWN })}</Text>}
    </Stack>
  )
}

export const hasPair = (files: readonly File[], accept: readonly string[]) => pairFiles(files.map(({ name }) => name), accept).pairs.length > 0
