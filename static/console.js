/*
 * console.js: comfort on top of pages that work without it. Everything is driven by data-* attributes:
 *   data-poll="/j/412/fragment"   fetch it again and again and put it in the element's place, until the answer
 *                                 has no data-poll any more            (without: a Refresh link, <noscript> refresh)
 *   data-reveal                   on a password field: a button that shows what was typed
 *                                                                      (without: what the browser offers)
 *   data-ago="2026-11-21T02:00Z"  relative time, brought up to date      (without: as old as the page)
 *   data-copy="SHA-256"           a button that copies the element's text (without: select the text)
 *   data-preview="/x/fragment"    on a form: #preview becomes what this address says of its fields
 *                                                                      (without: the button Preview)
 *   data-focus                    takes the focus when the page opens: the box of form faults
 */
"use strict";

/* Relative times, in the words of num_ago() on the server. */
const units = [["year", 31536000], ["month", 2592000], ["day", 86400], ["hour", 3600], ["minute", 60], ["second", 1]];
function ago(then, now) {
	const seconds = Math.trunc(Math.abs(now - then) / 1000);
	const future = then > now;
	if (seconds < 5)
		return future ? "in a moment" : "just now";
	const [name, size] = units.find((unit) => seconds >= unit[1]);
	const count = Math.trunc(seconds / size);
	const text = count + " " + name + (count === 1 ? "" : "s");
	return future ? "in " + text : text + " ago";
}

function tick() {
	for (const element of document.querySelectorAll("[data-ago]")) {
		const then = Date.parse(element.dataset.ago);
		if (!Number.isNaN(then))
			element.textContent = ago(then, Date.now());
	}
}

/* Copy buttons */
function addCopyButtons(root) {
	for (const element of root.querySelectorAll("[data-copy]")) {
		if (element.dataset.copyReady || !navigator.clipboard)
			continue;
		element.dataset.copyReady = "1";
		const button = document.createElement("button");
		button.type = "button";
		button.className = "copy";
		button.textContent = "Copy";
		button.setAttribute("aria-label", "Copy " + element.dataset.copy);
		button.addEventListener("click", async () => {
			const text = element.textContent.trim();
			try {
				await navigator.clipboard.writeText(text);
				button.textContent = "Copied";
			} catch {
				button.textContent = "Not copied";
			}
			setTimeout(() => { button.textContent = "Copy"; }, 2000);
		});
		element.after(button);
	}
}

/* Passwords: a button that shows what was typed, until the form is sent. */
function addRevealButtons() {
	for (const field of document.querySelectorAll("input[data-reveal]")) {
		const button = document.createElement("button");
		button.type = "button";
		button.className = "copy";
		button.setAttribute("aria-controls", field.id);
		const show = (shown) => {
			field.type = shown ? "text" : "password";
			button.textContent = shown ? "Hide" : "Show";
			button.setAttribute("aria-label", button.textContent + " password");
		};
		show(false);
		button.addEventListener("click", () => show(field.type === "password"));
		field.form.addEventListener("submit", () => show(false));
		field.after(button);
	}
}

/* Polling: quick at first, then calm; slow in a hidden tab; it says so when the connection is lost. */
class Poll {
	constructor(element) {
		this.element = element;
		this.began = Date.now();
		this.failures = 0;
		this.etag = "";
		this.plan();
	}

	plan() {
		let wait = Date.now() - this.began < 10000 ? 1000 : 3000;
		if (document.hidden)
			wait = 10000;
		if (this.failures > 0)
			wait = Math.min(1000 * 2 ** this.failures, 30000);
		this.timer = setTimeout(() => this.fetch(), wait);
	}

	async fetch() {
		try {
			const headers = { "X-Requested-With": "console" };
			if (this.etag)
				headers["If-None-Match"] = this.etag;
			const answer = await fetch(this.element.dataset.poll, { headers, cache: "no-store", redirect: "manual" });
			/* Fragments lead nowhere but to the sign-in page. */
			if (answer.type === "opaqueredirect")
				return this.signedOut();
			if (answer.status === 200)
				this.replace(await answer.text(), answer.headers.get("ETag"));
			else if (answer.status !== 304)
				throw new Error("status " + answer.status);
			this.failures = 0;
			this.banner("");
		} catch {
			this.failures++;
			this.banner(this.failures >= 3 ? "Connection lost; retrying. What you see may be old." : "");
		}
		if (this.element.dataset.poll)
			this.plan();
	}

	replace(html, etag) {
		const fresh = new DOMParser().parseFromString(html, "text/html").body.firstElementChild;
		if (!fresh)
			return;
		const log = this.element.querySelector(".log");
		const atEnd = !log || log.scrollTop + log.clientHeight >= log.scrollHeight - 4;
		const from = log ? log.scrollTop : 0;
		const open = [...this.element.querySelectorAll("details[open][id]")].map((d) => d.id);
		const focused = this.element.contains(document.activeElement) ? document.activeElement.id : "";
		this.element.replaceWith(document.adoptNode(fresh));
		this.element = fresh;
		this.etag = etag || "";
		for (const id of open) {
			const details = document.getElementById(id);
			if (details)
				details.open = true;
		}
		if (focused && document.getElementById(focused))
			document.getElementById(focused).focus();
		const newLog = fresh.querySelector(".log");
		if (newLog)
			newLog.scrollTop = atEnd ? newLog.scrollHeight : from;
		if (fresh.dataset.title)
			document.title = fresh.dataset.title;
		addCopyButtons(fresh);
		tick();
	}

	/* The end of the polling: signing in leads back to this page. */
	signedOut() {
		const link = document.createElement("a");
		link.href = "/login?next=" + encodeURIComponent(location.pathname + location.search);
		link.textContent = "Sign in";
		this.banner("You are signed out. What you see may be old. ");
		document.getElementById("connection").append(link);
	}

	banner(text) {
		let line = document.getElementById("connection");
		if (text && !line) {
			line = document.createElement("p");
			line.id = "connection";
			line.className = "notice is-warn";
			line.setAttribute("role", "status");
			this.element.before(line);
		} else if (!text && line) {
			line.remove();
		}
		if (text && line.textContent !== text)
			line.textContent = text;
	}
}

/* Keys: off while typing and with any modifier. */
let lastKey = "";
function onKey(event) {
	const at = event.target;
	if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing)
		return;
	if (at.closest && at.closest("input, textarea, select, [contenteditable]"))
		return;
	const pair = lastKey === "g" ? "g" + event.key : event.key;
	const places = { "gp": "/projects", "gj": "/jobs", "go": "/", "gh": "/help", "?": "/help/keyboard" };
	lastKey = event.key;
	if (places[pair]) {
		location.assign(places[pair]);
	} else if (event.key === "c") {
		const create = document.querySelector("a[data-key=c]");
		if (create)
			create.click();
	} else if (event.key === "/") {
		const search = document.querySelector("input[type=search]");
		if (search) {
			search.focus();
			event.preventDefault();
		}
	}
}

/* A menu closes when the focus leaves it or Escape is pressed. */
function closeMenus(event) {
	for (const menu of document.querySelectorAll("details.menu[open]"))
		if (event.key === "Escape" || (event.type === "click" && !menu.contains(event.target))) {
			menu.open = false;
			if (event.key === "Escape")
				menu.querySelector("summary").focus();
		}
}

/* The preview follows what is typed; an answer that comes late is dropped. */
function followForm(form) {
	let timer = 0;
	let turn = 0;
	const ask = async () => {
		const mine = ++turn;
		const query = new URLSearchParams(new FormData(form));
		for (const name of ["csrf", "key", "name", "services", "revision"])
			query.delete(name);
		const answer = await fetch(form.dataset.preview + "?" + query).catch(() => null);
		if (mine !== turn || !answer || !answer.ok)
			return;
		const text = await answer.text();
		const fresh = new DOMParser().parseFromString(text, "text/html").querySelector("#preview");
		if (mine === turn && fresh)
			document.querySelector("#preview").replaceWith(fresh);
	};
	form.addEventListener("input", () => {
		clearTimeout(timer);
		timer = setTimeout(ask, 250);
	});
}

addCopyButtons(document);
addRevealButtons();
for (const form of document.querySelectorAll("[data-preview]"))
	followForm(form);
for (const element of document.querySelectorAll("[data-poll]"))
	new Poll(element);
for (const log of document.querySelectorAll(".log"))
	log.scrollTop = log.scrollHeight;
const first = document.querySelector("[data-focus]");
if (first)
	first.focus();
document.addEventListener("keydown", onKey);
document.addEventListener("keydown", closeMenus);
document.addEventListener("click", closeMenus);
tick();
setInterval(tick, 60000);
