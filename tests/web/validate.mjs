/* validate.mjs: html-validate over pages given as JSON on stdin: [{ name, html }]. */
import { HtmlValidate } from "html-validate";
import { end, stage, test } from "./browser.mjs";

const validator = new HtmlValidate({
	root: true,
	extends: ["html-validate:standard", "html-validate:a11y"],
	rules: {
		// Templates leave blanks at line ends and write void elements as HTML does.
		"no-trailing-whitespace": "off",
		"void-style": ["error", { style: "omit" }],
		// Tables become cards on a phone: display:block drops the roles, so they are written down.
		"no-redundant-role": "off",
		"prefer-native-element": ["error", { exclude: ["table", "row", "cell", "rowgroup", "columnheader", "rowheader", "status", "log"] }],
		"no-inline-style": "error",
		"long-title": "off",
		// The page of a running job loads itself anew every ten seconds where scripts are off.
		"meta-refresh": "off",
		"require-sri": "off",
	},
});

async function look(text) {
	const report = await validator.validateString(text);
	const lines = text.split("\n");
	return report.results.flatMap((r) => r.messages.map((m) => `line ${m.line}: ${m.ruleId}: ${m.message}: ${lines[m.line - 1]?.trim().slice(0, 160)}`));
}

for (const { name, html } of stage())
	await test(`${name}: html-validate`, () => look(html));
await test("control: html-validate notices a bad page", async () =>
	(await look("<!DOCTYPE html><html lang=\"en\"><title>x</title><p><div>x</p><a>y")).length ? [] : ["it does not"]);
end();
