// Asks a server at the address given, as programs in JavaScript do, and prints what came as JSON.
const { OpenAI } = require("openai");

async function main(baseURL, question) {
  const client = new OpenAI({ baseURL, apiKey: "none", maxRetries: 0 });
  const model = "sourcespan";
  const messages = [{ role: "user", content: question }];
  const completion = await client.chat.completions.create({ model, messages });
  let streamed = "";
  for await (const chunk of await client.chat.completions.create({ model, messages, stream: true })) {
    streamed += chunk.choices[0]?.delta.content ?? "";
  }
  const response = await client.responses.create({ model, input: question });
  const { data } = await client.embeddings.create({ model, input: [question] });
  const listed = await client.models.list();
  const failure = await client.chat.completions.create({ model: "gpt-5", messages }).catch((error) => error);
  const { message } = completion.choices[0];
  const [{ url_citation: cited }] = message.annotations;
  console.log(
    JSON.stringify({
      message,
      // JavaScript counts UTF-16 units, the service code points
      quoted: Array.from(message.content).slice(cited.start_index, cited.end_index).join(""),
      streamed,
      response: { text: response.output_text, output: response.output },
      dimensions: data[0].embedding.length,
      models: listed.data.map(({ id }) => id),
      failure: { status: failure.status, message: failure.message },
    }),
  );
}

main(...process.argv.slice(2)).catch((error) => {
  console.error(error);
  process.exit(1);
});
