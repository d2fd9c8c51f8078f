<?cs # part_notice_log.cs: what was told, to whom, and what became of it ?><?cs if:subcount(log) ?><table class="list" role="table" aria-label="Delivery log">
<thead role="rowgroup"><tr role="row">
<th role="columnheader" scope="col">What</th>
<th role="columnheader" scope="col">To</th>
<th role="columnheader" scope="col">When</th>
<th role="columnheader" scope="col">Status</th>
<th role="columnheader" scope="col"><span class="unseen">Actions</span></th>
</tr></thead>
<tbody role="rowgroup">
<?cs each:r = log ?><tr role="row">
<th role="rowheader" scope="row" data-label="What"><?cs var:r.event ?></th>
<td role="cell" data-label="To"><a href="<?cs var:r.channel_href ?>"><?cs var:r.channel ?></a></td>
<td role="cell" data-label="When"><span><?cs call:time(r.made) ?></span></td>
<td role="cell" class="wide" data-label="Status"><span><?cs call:state(r.state) ?><?cs if:r.status ?> <span class="muted">HTTP <?cs var:r.status ?></span><?cs /if ?><?cs if:r.error ?><span class="why"><?cs var:r.error ?></span><?cs /if ?><?cs if:r.attempts ?><span class="why"><?cs var:r.attempts ?> tries<?cs if:r.next.iso ?>, again <?cs call:when(r.next) ?><?cs /if ?></span><?cs elif:r.next.iso ?><span class="why">again <?cs call:when(r.next) ?></span><?cs /if ?></span></td>
<td role="cell"><div class="actions"><?cs call:act(r.again, "Send again", "") ?></div></td>
</tr>
<?cs /each ?></tbody></table>
<?cs else ?><p class="muted">Nothing was told yet.</p>
<?cs /if ?>
