import { JsonInput, NumberInput, Select, SimpleGrid, Switch, TagsInput, TextInput } from '@mantine/core'
import { wrongIn, type Option, type Typed } from './optionsSchema'
import { useChoiceName, useNewWorkTexts, useOptionTexts } from './texts'

type Props = { options: readonly Option[]; typed: Typed; onChange: (typed: Typed) => void }

/** An input for each option, by its schema; switches below the others, which are taller. */
export function SchemaFields({ options, typed, onChange }: Props) {
  const wrong = wrongIn(options, typed)
  const [switches, others] = [options.filter(isSwitch), options.filter(option => !isSwitch(option))]
  return [others, switches].filter(({ length }) => length).map((group, place) => (
    <SimpleGrid key={place} cols={{ base: 1, sm: 2 }} spacing="md" verticalSpacing="sm">
      {group.map(option => (
        <SchemaField
          key={option.name}
          option={option}
          value={typed[option.name]}
          isWrong={wrong.includes(option.name) && Boolean(typed[option.name])}
          onChange={value => onChange({ ...typed, [option.name]: value })}
        />
      ))}
    </SimpleGrid>
  ))
}

const isSwitch = ({ input }: Option) => input === 'switch'

type FieldProps = { option: Option; value: unknown; isWrong: boolean; onChange: (value: unknown) => void }

function SchemaField({ option, value, isWrong, onChange }: FieldProps) {
  const t = useNewWorkTexts()
  const texts = useOptionTexts(option)
  const choiceName = useChoiceName()
  const common = { ...texts, withAsterisk: option.isRequired, error: isWrong && t('wrongValue') }
  const otherwise = option.default === null || option.default === undefined ? undefined : String(option.default)
  switch (option.input) {
    case 'choice':
      return <Select {...common} data={(option.enum ?? []).map(choice => ({ value: choice, label: choiceName(choice) }))} value={(value ?? option.default ?? null) as string | null} onChange={onChange} allowDeselect={false} />
    case 'switch':
      return <Switch {...common} mt="xs" checked={Boolean(value ?? option.default)} onChange={event => onChange(event.currentTarget.checked)} />
    case 'number':
      return (
        <NumberInput
          {...common}
          value={(value ?? '') as number | ''}
          placeholder={otherwise}
          min={option.minimum}
          max={option.maximum}
          allowDecimal={option.type === 'number'}
          onChange={onChange}
        />
      )
    case 'list':
      return <TagsInput {...common} value={(value ?? []) as string[]} onChange={onChange} splitChars={[',', ' ', ';']} />
    case 'json':
      return <JsonInput {...common} value={(value ?? '') as string} onChange={onChange} autosize minRows={2} maxRows={12} placeholder="{}" />
    case 'moment':
      return <TextInput {...common} type="datetime-local" value={(value ?? '') as string} onChange={event => onChange(event.currentTarget.value)} />
    default:
      return <TextInput {...common} value={(value ?? '') as string} placeholder={otherwise} maxLength={option.maxLength} onChange={event => onChange(event.currentTarget.value)} />
  }
}
