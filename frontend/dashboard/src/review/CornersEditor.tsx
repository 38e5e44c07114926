import { Button, Group, Stack, Text } from '@mantine/core'
import { useState, type KeyboardEvent, type PointerEvent } from 'react'
import classes from './CornersEditor.module.css'
import type { SheetFragment } from './review.generated'
import { cornersOf, resultOf, type Point } from './sheet'
import { useReviewTexts } from './texts'

const STEPS: Record<string, Point> = { ArrowLeft: { x: -1, y: 0 }, ArrowRight: { x: 1, y: 0 }, ArrowUp: { x: 0, y: -1 }, ArrowDown: { x: 0, y: 1 } }
const LARGE_STEP = 20

type Props = { sheet: SheetFragment; page: string; isBusy: boolean; onSave: (corners: Point[]) => void; onClose: () => void }

/** The page as it was scanned, with its four corner marks to be moved by pointer or arrow keys. */
export function CornersEditor({ sheet, page, isBusy, onSave, onClose }: Props) {
  const t = useReviewTexts()
  const { width = 1, height = 1 } = resultOf(sheet)
  const [corners, setCorners] = useState(() => cornersOf(sheet))
  const move = (place: number, { x, y }: Point) =>
    setCorners(before => before.map((corner, other) => (other === place ? { x: Math.min(Math.max(x, 0), width), y: Math.min(Math.max(y, 0), height) } : corner)))

  return (
    <Stack gap="sm">
      <Text size="sm" c="dimmed">{t('cornersMeaning')}</Text>
      <svg viewBox={`0 0 ${width} ${height}`} className={classes.page}>
        <image href={page} width={width} height={height} />
        <polygon points={corners.map(({ x, y }) => `${x},${y}`).join(' ')} className={classes.outline} strokeWidth={width / 250} />
        {corners.map((corner, place) => (
          <Corner key={place} name={t(`corner_${place}` as 'corner_0')} at={corner} radius={width / 40} onMove={point => move(place, point)} />
        ))}
      </svg>
      <Group justify="end">
        <Button variant="default" onClick={onClose}>{t('cancel')}</Button>
        <Button loading={isBusy} onClick={() => onSave(corners)}>{t('readAgain')}</Button>
      </Group>
    </Stack>
  )
}

function Corner({ name, at, radius, onMove }: { name: string; at: Point; radius: number; onMove: (point: Point) => void }) {
  function drag(event: PointerEvent<SVGCircleElement>) {
    const matrix = event.currentTarget.ownerSVGElement?.getScreenCTM()?.inverse()
    if (!matrix || !event.currentTarget.hasPointerCapture(event.pointerId)) return
    const { x, y } = new DOMPoint(event.clientX, event.clientY).matrixTransform(matrix)
    onMove({ x, y })
  }

  function step(event: KeyboardEvent) {
    const direction = STEPS[event.key]
    if (!direction) return
    event.preventDefault()
    const length = event.shiftKey ? LARGE_STEP : 1
    onMove({ x: at.x + length * direction.x, y: at.y + length * direction.y })
  }

  return (
    <circle
      cx={at.x}
      cy={at.y}
      r={radius}
      tabIndex={0}
      role="button"
      aria-label={`${name}: ${Math.round(at.x)}, ${Math.round(at.y)}`}
      className={classes.corner}
      strokeWidth={radius / 5}
      onPointerDown={event => event.currentTarget.setPointerCapture(event.pointerId)}
      onPointerMove={drag}
      onKeyDown={step}
    />
  )
}
