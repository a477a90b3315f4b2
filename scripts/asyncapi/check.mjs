// Holds an AsyncAPI document to the AsyncAPI project's own parser: node check.mjs FILE
import { fromFile, Parser } from '@asyncapi/parser';

const { document, diagnostics } = await fromFile(new Parser(), process.argv[2]).parse();
const errors = diagnostics.filter((each) => each.severity === 0);
for (const each of errors) {
  console.log(`${each.path.join('/')}: ${each.message}`);
}
if (document && errors.length === 0) {
  console.log(`${document.channels().length} channels, ${document.operations().length} operations`);
}
process.exit(document && errors.length === 0 ? 0 : 1);
