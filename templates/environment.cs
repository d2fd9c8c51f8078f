<?cs # environment.cs: an environment at a glance: how safe, its year, its size ?><?cs include!"macros.cs" ?><?cs include!"part_chart.cs" ?><?cs include!"head.cs" ?>
<?cs include!"part_worker.cs" ?>
<section class="panel" aria-label="How safe"><p class="safety"><?cs call:state(env.state) ?> <span><?cs var:env.reason ?><?cs if:env.since.iso ?> <span class="muted">Since <?cs call:when(env.since) ?>.</span><?cs /if ?></span></p>
<dl class="facts"><dt>Last good backup</dt><dd><?cs if:env.good.id ?><a href="<?cs var:env.good.href ?>"><?cs var:env.good.id ?></a>, <?cs call:when(env.good.at) ?>, <?cs call:size(env.good.size) ?><?cs else ?>none<?cs /if ?></dd><?cs
if:env.good.id ?><dt>Verified</dt><dd><?cs call:state(env.good.verified) ?></dd><?cs /if ?><dt>Next run</dt><dd><?cs if:env.next.iso ?><?cs var:env.next.date ?> UTC, <?cs call:when(env.next) ?><?cs else ?>none is scheduled<?cs /if ?></dd></dl>
<div class="actions"><?cs if:env.coming.id ?><a class="button is-primary" href="<?cs var:env.coming.href ?>">Watch <?cs var:env.coming.id ?></a> <?cs elif:env.no_services ?><?cs if:page.may.configure ?><a class="button is-primary" href="<?cs var:page.env.href ?>/services/new">Add a service</a> <?cs /if ?><?cs elif:page.may.backup && !env.paused ?><a class="button is-primary" href="<?cs var:page.env.href ?>/backups/new" data-key="c"><?cs call:icon("plus") ?>Create backup</a> <?cs /if ?><?cs if:env.failed.id ?><a class="button" href="<?cs var:env.failed.href ?>">What went wrong in <?cs var:env.failed.id ?></a> <?cs /if ?><a class="button" href="<?cs var:page.env.href ?>/backups">All backups</a></div></section>
<h2>What is backed up</h2>
<?cs if:subcount(services) ?><ul class="plain"><?cs each:s = services ?><li><span class="item"><?cs call:icon(s.icon) ?><a href="<?cs var:page.env.href ?>/services/<?cs var:s.slug ?>/backups"><?cs var:s.name ?></a></span> <?cs call:state(s.state) ?><?cs if:s.why ?> <?cs var:s.why ?><?cs /if ?><?cs if:s.good.iso ?> <span class="muted">Last good: <?cs call:when(s.good) ?></span><?cs /if ?></li>
<?cs /each ?></ul>
<?cs else ?><p class="muted">Nothing: there are no services.</p>
<?cs /if ?><h2>The last year</h2>
<?cs call:calendar(year) ?>
<h2>Size over time</h2>
<?cs if:sizes.line ?><?cs call:line(sizes) ?>
<?cs else ?><p class="muted">A line needs two good backups.</p>
<?cs /if ?><?cs include!"foot.cs" ?>
