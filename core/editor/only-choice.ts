const offered = new WeakSet<Element>()

/**
 * Where there is one configuration node of a type, it is the one, unless a person says otherwise.
 */
export function chooseOnly(select: Element | null): void {
  if (!(select instanceof HTMLSelectElement) || offered.has(select)) return
  offered.add(select)
  const isNone = (value: string) => value === '' || value === '_ADD_'
  const [only, other] = Array.from(select.options, ({ value }) => value).filter(
    value => !isNone(value)
  )
  if (isNone(select.value) && only !== undefined && other === undefined)
    $(select).val(only).trigger('change')
}
