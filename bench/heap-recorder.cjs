// Loaded into a contestant by --require: appends `time heapUsed rss external` in bytes to HEAP_FILE once in five seconds.
const { appendFileSync } = require('node:fs')

setInterval(() => {
  const { heapUsed, rss, external } = process.memoryUsage()
  appendFileSync(process.env.HEAP_FILE, `${Date.now()} ${heapUsed} ${rss} ${external}\n`)
}, 5_000).unref()
