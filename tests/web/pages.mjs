/* pages.mjs: every page in light and dark, wide and narrow: axe, sideways scroll, policy reports, errors, headings. */
import { axe, end, launch, NARROW, open, stage, test, WIDE } from "./browser.mjs";

const { base, cookie, pages } = stage();
const browser = await launch();

/* In the page: send a form with exactly these fields, but with the hidden ones of the page. */
function send({ action, post }) {
	const form = document.createElement("form");
	form.method = "post";
	form.action = action;
	for (const [name, value] of post) {
		const input = document.createElement("textarea");
		input.name = name;
		input.value = document.querySelector(`input[type=hidden][name="${name}"]`)?.value ?? value;
		form.append(input);
	}
	document.body.append(form);
	form.submit();
}

async function look(view, target) {
	const { page, faults } = view;
	faults.length = 0;
	page.expectedStatus = target.status;
	let answer = await page.goto(base + target.path, { waitUntil: "load" });
	const findings = [];
	if (target.post)
		[answer] = await Promise.all([page.waitForNavigation({ waitUntil: "load" }), page.evaluate(send, target)]);
	if (answer.status() !== target.status)
		findings.push(`status ${answer.status()}, not ${target.status}`);
	const facts = await page.evaluate(() => ({
		scroll: document.documentElement.scrollWidth, inner: window.innerWidth,
		h1: document.querySelectorAll("h1").length, title: document.title, csp: window.cspReports,
		wide: [...document.querySelectorAll("body *")].filter((x) => x.getBoundingClientRect().right > window.innerWidth + 1)
			.slice(0, 3).map((x) => x.outerHTML.slice(0, 120)),
	}));
	if (facts.scroll > facts.inner)
		findings.push(`scrolls sideways: ${facts.scroll} > ${facts.inner}: ${facts.wide.join(" | ")}`);
	if (facts.h1 !== 1)
		findings.push(`${facts.h1} h1`);
	if (!facts.title)
		findings.push("no title");
	findings.push(...facts.csp.map((c) => `policy: ${c}`), ...(await axe(page)), ...faults);
	return findings.map((f) => `${target.path}: ${f}`);
}

for (const colorScheme of ["light", "dark"]) {
	for (const viewport of [WIDE, NARROW]) {
		const member = await open(browser, base, { cookie, colorScheme, viewport, reducedMotion: "reduce" });
		const guest = await open(browser, base, { colorScheme, viewport, reducedMotion: "reduce" });
		for (const target of pages)
			await test(`${target.name}, ${colorScheme}, ${viewport.width} px: axe 0, no sideways scroll, no report`,
				() => look(target.guest ? guest : member, target));
		await member.context.close();
		await guest.context.close();
	}
}

await test("control: axe, the scroll check and the policy check notice a bad page", async () => {
	const view = await open(browser, base, { cookie, viewport: NARROW });
	await view.page.goto(base + "/help");
	await view.page.evaluate(() => {
		document.body.insertAdjacentHTML("beforeend",
			'<img src="/static/nothing.png"><div><b class="wide">x</b></div><p style="color:red">x</p>');
		document.querySelector(".wide").textContent = "x".repeat(400);
	});
	await view.page.waitForTimeout(200);
	const seen = await view.page.evaluate(() => [document.documentElement.scrollWidth > innerWidth, window.cspReports.length > 0]);
	const found = await axe(view.page);
	await view.context.close();
	return [...(seen[0] ? [] : ["sideways scroll was not noticed"]), ...(seen[1] ? [] : ["a style attribute was not reported"]),
		...(found.some((f) => f.includes("image-alt")) ? [] : ["a missing alt was not noticed"])];
});
await browser.close();
end();
