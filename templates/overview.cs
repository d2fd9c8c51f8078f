<?cs # overview.cs: am I safe? ?><?cs include!"macros.cs" ?><?cs def:trouble_items() ?><?cs each:t = troubles ?><li class="card row"><div><span class="state is-warn"><?cs call:icon("warning") ?>Attention</span><p><?cs var:t.text ?> <span class="muted">Since <?cs call:when(t.since) ?>.</span></p></div><?cs if:t.href ?><div class="actions"><a class="button" href="<?cs var:t.href ?>">Look at it<span class="unseen">: <?cs var:t.text ?></span></a></div><?cs /if ?></li>
<?cs /each ?><?cs /def ?><?cs include!"part_chart.cs" ?><?cs include!"head.cs" ?>
<?cs include!"part_worker.cs" ?>
<?cs if:empty ?><div class="empty"><?cs call:empty("Nothing to protect yet", "A project is one web app; it has environments (live, staging) and services (database, files).") ?><div class="actions"><?cs if:page.may.configure ?><a class="button is-primary" href="/projects/new"><?cs call:icon("plus") ?>Add a project</a> <?cs /if ?><a class="button" href="/help/services">Guide</a></div></div>
<?cs if:subcount(troubles) ?><h2>Needs attention</h2>
<ul class="plain">
<?cs call:trouble_items() ?></ul>
<?cs /if ?><?cs else ?><section class="panel hero" aria-label="How safe"><p class="lead"><?cs call:state(hero.state) ?> <span class="counts"><?cs each:c = hero.counts ?><?cs if:!first(c) ?> · <?cs /if ?><?cs var:c.text ?><?cs /each ?></span></p>
<p><?cs if:hero.latest.good.id ?>Last good backup: <a href="<?cs var:hero.latest.good.href ?>"><?cs var:hero.latest.good.id ?></a> of <a href="<?cs var:hero.latest.href ?>"><?cs var:hero.latest.label ?></a>, <?cs call:when(hero.latest.good.at) ?>. <?cs /if ?><?cs if:hero.next.next.iso ?>Next run: <a href="<?cs var:hero.next.href ?>"><?cs var:hero.next.label ?></a>, <?cs call:when(hero.next.next) ?>.<?cs else ?>No run is scheduled: backups are made on demand.<?cs /if ?></p></section>
<?cs if:subcount(attention) || subcount(troubles) ?><h2>Needs attention</h2>
<ul class="plain">
<?cs call:trouble_items() ?><?cs each:v = attention ?><li class="card row"><div><a href="<?cs var:v.href ?>"><?cs var:v.label ?></a> <?cs call:state(v.state) ?><p><?cs var:v.reason ?><?cs if:v.uncovered ?> Not backed up: <?cs var:v.uncovered ?>.<?cs /if ?><?cs if:v.since.iso ?> <span class="muted">Since <?cs call:when(v.since) ?>.</span><?cs /if ?></p></div><div class="actions"><?cs if:v.coming.id ?><a class="button is-primary" href="<?cs var:v.coming.href ?>">Watch <?cs var:v.coming.id ?></a><?cs elif:v.no_services ?><?cs if:page.may.configure ?><a class="button is-primary" href="<?cs var:v.base ?>/services/new">Add a service<span class="unseen"> to <?cs var:v.label ?></span></a><?cs /if ?><?cs elif:page.may.backup ?><a class="button is-primary" href="<?cs var:v.base ?>/backups/new">Back up now<span class="unseen">: <?cs var:v.label ?></span></a><?cs /if ?><?cs if:v.failed.href ?> <a class="button" href="<?cs var:v.failed.href ?>">What went wrong<span class="unseen"> in <?cs var:v.failed.id ?></span></a><?cs /if ?></div></li>
<?cs /each ?></ul>
<?cs /if ?><h2>Environments</h2>
<table class="list is-wide" role="table" aria-label="Environments">
<thead role="rowgroup"><tr role="row"><th role="columnheader" scope="col">Environment</th><th role="columnheader" scope="col">State</th><th role="columnheader" scope="col">Last good backup</th><th role="columnheader" scope="col">Next run</th><th role="columnheader" scope="col">30 days</th><th role="columnheader" scope="col" class="num">Size</th><th role="columnheader" scope="col"><span class="unseen">Actions</span></th></tr></thead>
<tbody role="rowgroup">
<?cs each:v = environments ?><tr role="row">
<th role="rowheader" scope="row" data-label="Environment"><span><a href="<?cs var:v.href ?>"><?cs var:v.label ?></a><br><span class="muted"><?cs var:v.kind ?></span></span></th>
<td role="cell" data-label="State"><span><?cs call:state(v.state) ?><span class="why"><?cs var:v.reason ?><?cs if:v.uncovered ?> Not backed up: <?cs var:v.uncovered ?>.<?cs /if ?></span></span></td>
<td role="cell" data-label="Last good backup"><?cs if:v.good.id ?><span><a href="<?cs var:v.good.href ?>"><?cs var:v.good.id ?></a> <span class="stamp"><?cs call:time(v.good.at) ?></span><span class="why"><?cs call:state(v.good.verified) ?><?cs if:v.good.verified.at.iso ?> <span class="ago" data-ago="<?cs var:v.good.verified.at.iso ?>"><?cs var:v.good.verified.at.ago ?></span><?cs /if ?></span></span><?cs else ?><span class="muted">none</span><?cs /if ?></td>
<td role="cell" data-label="Next run"><?cs if:v.next.iso ?><span class="stamp"><?cs call:time(v.next) ?></span><?cs else ?><span class="muted">none</span><?cs /if ?></td>
<td role="cell" data-label="30 days"><?cs call:strip(v.strip) ?></td>
<td role="cell" class="num" data-label="Size"><span><?cs call:size(v.good.size) ?><?cs if:v.week ?><span class="why"><?cs var:v.week ?></span><?cs /if ?></span></td>
<td role="cell"><div class="actions"><?cs if:page.may.backup && !v.paused && !v.no_services && !v.coming.id ?><a class="button" href="<?cs var:v.base ?>/backups/new">Back up<span class="unseen"> <?cs var:v.label ?></span></a><?cs /if ?></div></td>
</tr>
<?cs /each ?></tbody></table>
<?cs if:more ?><p>And <?cs var:more ?> more, none of them worse off. <a href="/projects">All projects</a></p>
<?cs /if ?><p class="muted">A bar of 30 days: a whole one is a day with a good backup, a broken one also had a failed one, half a bar only failed ones; a stub is a missed day, a dot one without any. <a href="/environments.csv">CSV<span class="unseen"> of all environments</span></a></p>
<div class="grid">
<section class="card"><h2>Jobs</h2><?cs if:subcount(jobs) ?><ul class="plain"><?cs each:j = jobs ?><li><a href="<?cs var:j.href ?>"><?cs var:j.id ?></a> <?cs var:j.title ?> of <?cs var:j.env.label ?> <?cs call:state(j.state) ?></li><?cs /each ?></ul><?cs else ?><p class="muted">Nothing is running.</p><?cs /if ?><p><a href="/jobs">All jobs</a></p></section>
<section class="card"><h2>Storage</h2><dl class="facts"><?cs each:s = storages ?><dt><?cs var:s.name ?></dt><dd><?cs call:size(s.used) ?> of backups in <code><?cs var:s.path ?></code> <?cs if:s.chart.text ?><?cs call:bar(s.chart) ?><span class="why"><?cs var:s.chart.text ?></span><?cs /if ?><?cs if:s.full ?><span class="why"><?cs var:s.full ?></span><?cs /if ?></dd><?cs /each ?></dl></section>
</div>
<h2>Latest activity</h2>
<?cs if:subcount(events) ?><ul class="plain events"><?cs each:ev = events ?><li><?cs call:when(ev.at) ?>: <?cs var:ev.actor ?> <?cs var:ev.words ?><?cs if:ev.href ?> <a href="<?cs var:ev.href ?>"><?cs var:ev.target ?></a><?cs elif:ev.target ?> <?cs var:ev.target ?><?cs /if ?></li>
<?cs /each ?></ul>
<?cs else ?><p class="muted">None yet.</p>
<?cs /if ?><?cs /if ?><?cs include!"foot.cs" ?>
