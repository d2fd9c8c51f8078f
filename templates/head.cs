<?cs # head.cs: from the doctype to the h1 ?><!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<title><?cs if:page.failed ?>Error: <?cs /if ?><?cs if:page.mark ?><?cs var:page.mark ?> – <?cs /if ?><?cs var:page.title ?><?cs if:page.env.slug ?> – <?cs var:page.env.project ?>/<?cs var:page.env.slug ?><?cs /if ?> – Lazarette</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<link rel="icon" type="image/svg+xml" href="/static/mark.svg">
<link rel="stylesheet" href="<?cs var:page.css ?>">
<script src="<?cs var:page.js ?>" defer></script>
<?cs if:page.refresh ?><noscript><meta http-equiv="refresh" content="<?cs var:page.refresh ?>"></noscript>
<?cs /if ?></head>
<body>
<a class="skip" href="#main">Skip to the content</a>
<header class="top">
<div class="bar">
<a class="brand" href="/"><?cs call:icon("mark") ?>Lazarette</a>
<?cs if:page.user.email ?><nav class="sections" aria-label="Main">
<ul>
<li><a href="/"<?cs if:page.section == "overview" ?> aria-current="page"<?cs /if ?>>Overview</a></li>
<li><a href="/projects"<?cs if:page.section == "projects" ?> aria-current="true"<?cs /if ?>>Projects</a></li>
<li><a href="/plans"<?cs if:page.section == "plans" ?> aria-current="true"<?cs /if ?>>Plans</a></li>
<li><a href="/jobs"<?cs if:page.section == "jobs" ?> aria-current="true"<?cs /if ?>>Jobs</a></li>
<?cs if:page.may.administer ?><li><a href="/storage"<?cs if:page.section == "storage" ?> aria-current="true"<?cs /if ?>>Storage</a></li>
<li><a href="/notifications"<?cs if:page.section == "notifications" ?> aria-current="true"<?cs /if ?>>Notifications</a></li>
<?cs /if ?><li><a href="/help"<?cs if:page.section == "help" ?> aria-current="true"<?cs /if ?>>Help</a></li>
</ul>
</nav>
<form class="person" method="post" action="/logout"><?cs call:secret() ?><span class="who" title="<?cs var:page.user.email ?>"><?cs var:page.user.email ?></span><button type="submit" class="button is-quiet">Sign out</button></form>
<?cs /if ?></div>
</header>
<?cs if:subcount(page.crumbs) ?><nav class="crumbs" aria-label="You are here">
<ol>
<?cs each:crumb = page.crumbs ?><li><?cs if:crumb.href ?><a href="<?cs var:crumb.href ?>"><?cs var:crumb.text ?></a><?cs else ?><span aria-current="page"><?cs var:crumb.text ?></span><?cs /if ?></li>
<?cs /each ?></ol>
</nav>
<?cs /if ?><main id="main" tabindex="-1"<?cs if:page.slim ?> class="is-slim"<?cs /if ?>>
<?cs if:page.flash ?><div class="notice is-good" role="status"><?cs call:icon("ok") ?><p><?cs var:page.flash ?></p></div>
<?cs /if ?><?cs if:page.failed ?><div class="faults" tabindex="-1" data-focus><div role="alert">
<h2>There is a problem</h2>
<ul>
<?cs each:fault = page.errors ?><li><?cs if:fault.field ?><a href="#<?cs var:fault.field ?>"><?cs var:fault.text ?></a><?cs else ?><?cs var:fault.text ?><?cs /if ?></li>
<?cs /each ?></ul>
</div></div>
<?cs /if ?><?cs if:page.env.slug ?><nav class="tabs" aria-label="<?cs var:page.env.project ?>/<?cs var:page.env.slug ?>">
<ul>
<?cs each:tab = page.env.tabs ?><li><a href="<?cs var:tab.href ?>"<?cs if:tab.current ?> aria-current="page"<?cs /if ?>><?cs var:tab.text ?></a></li>
<?cs /each ?></ul>
</nav>
<?cs /if ?><h1><?cs var:page.title ?><?cs if:page.place ?> of <?cs var:page.place ?><?cs /if ?></h1>
