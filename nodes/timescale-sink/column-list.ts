import type { Order } from '../../core/postgres/bootstrap.ts'

/** The names of a list with commas between, as a person writes it. */
export const namesIn = (text: string): string[] =>
  text
    .split(',')
    .map(name => name.trim())
    .filter(name => name !== '')

/** Names with ASC or DESC behind them; ASC where neither is there, as in SQL. */
export const ordersIn = (text: string): Order[] =>
  namesIn(text).map(entry => {
    const [, column = entry, direction = ''] = /^(.*\S)\s+(asc|desc)$/i.exec(entry) ?? []
    return { column, isDescending: direction.toLowerCase() === 'desc' }
  })
