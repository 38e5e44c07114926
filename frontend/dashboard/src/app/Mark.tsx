import { Group, Text } from '@mantine/core'
import icon from './icon.svg'

/** The mark and the name of the product. */
export function Mark({ size = 28 }: { size?: number }) {
  return (
    <Group gap="xs" wrap="nowrap">
      <img src={icon} width={size} height={size} alt="" />
      <Text fw={700} fz={size * 0.62} lh={1}>Waybill</Text>
    </Group>
  )
}
