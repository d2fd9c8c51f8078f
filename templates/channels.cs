<?cs # channels.cs: where notices go, and what became of them ?><?cs include!"macros.cs" ?><?cs include!"head.cs" ?>
<?cs include!"part_worker.cs" ?>
<p class="lead"><?cs if:instance ?>These channels hear of every project. Each project can have more of its own.<?cs else ?>These channels hear of this project alone; those of the instance hear of it, too.<?cs /if ?></p>
<?cs if:subcount(channels) ?><div class="actions"><a class="button is-primary" href="<?cs var:base ?>/new"><?cs call:icon("plus") ?>Add a channel</a></div>
<table class="list" role="table" aria-label="Channels">
<thead role="rowgroup"><tr role="row">
<th role="columnheader" scope="col">Channel</th>
<th role="columnheader" scope="col">Kind</th>
<th role="columnheader" scope="col">Target</th>
<th role="columnheader" scope="col">State</th>
<th role="columnheader" scope="col"><span class="unseen">Actions</span></th>
</tr></thead>
<tbody role="rowgroup">
<?cs each:c = channels ?><tr role="row">
<th role="rowheader" scope="row" data-label="Channel"><a href="<?cs var:c.href ?>"><?cs var:c.name ?></a></th>
<td role="cell" data-label="Kind"><?cs var:c.kind ?></td>
<td role="cell" class="wide" data-label="Target"><?cs var:c.target ?></td>
<td role="cell" data-label="State"><?cs call:state(c.state) ?></td>
<td role="cell"><div class="actions"><?cs if:c.on && !c.unconfirmed ?><?cs call:act(c.href + "/test", "Send test", "") ?><?cs elif:c.on ?><?cs call:act(c.href + "/ask", "Ask again", "") ?><?cs else ?><?cs call:act(c.href + "/on", "Turn on", "") ?><?cs /if ?></div></td>
</tr>
<?cs /each ?></tbody></table>
<h2>Who is told of what</h2>
<table class="list" role="table" aria-label="Events and channels">
<thead role="rowgroup"><tr role="row">
<th role="columnheader" scope="col">Event</th>
<?cs each:c = columns ?><th role="columnheader" scope="col"><?cs var:c.name ?></th>
<?cs /each ?></tr></thead>
<tbody role="rowgroup">
<?cs each:g = grid ?><tr role="row">
<th role="rowheader" scope="row" data-label="Event"><?cs var:g.text ?></th>
<?cs each:cell = g.cells ?><td role="cell" data-label="<?cs var:cell.name ?>"><?cs if:cell.on ?><?cs call:icon("ok") ?> yes<?cs else ?><span class="muted">—</span><?cs /if ?></td>
<?cs /each ?></tr>
<?cs /each ?></tbody></table>
<h2>Delivery log</h2>
<?cs include!"part_notice_log.cs" ?>
<?cs call:pager(pager) ?>
<?cs else ?><div class="empty"><?cs call:empty("No channels", "Nobody is told when a backup fails or does not come, but for the mails that jobs send by themselves.") ?><div class="actions"><a class="button is-primary" href="<?cs var:base ?>/new"><?cs call:icon("plus") ?>Add a channel</a></div></div>
<?cs /if ?><p class="muted"><a href="/help/notifications">What is told, and how it is signed</a></p>
<?cs include!"foot.cs" ?>
