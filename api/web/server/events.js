/** The server-sent events of a response as they come: each its name and what it says. */
export async function* eventsOf(response) {
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      const blocks = (rest + value).replaceAll("\r\n", "\n").split("\n\n");
      rest = blocks.pop();
      yield* blocks.map(parsed).filter((event) => event.data !== null);
    }
  } finally {
    reader.cancel().catch(() => undefined); // whoever stops listening lets the server stop working
  }
}

/** Whether the server streams; what lies between may have turned the stream into something else. */
export function isStream(response) {
  return response.body !== null && (response.headers.get("Content-Type") ?? "").startsWith("text/event-stream");
}

function parsed(block) {
  const fields = block.split("\n").map((line) => /^(\w+): ?(.*)$/.exec(line) ?? []);
  const of = (name) => fields.filter(([, field]) => field === name).map(([, , value]) => value);
  const data = of("data");
  return { name: of("event")[0] ?? "message", data: data.length > 0 ? JSON.parse(data.join("\n")) : null };
}
